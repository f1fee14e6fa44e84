// What the phone keeps: reports (`items`), track points (`points`), photos (`photos`), and single values by name (`kept`). IndexedDB.
const NAME = "fom-field", VERSION = 2;
let opening = null;

function open() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = ({ oldVersion }) => {
      if (oldVersion < 1) {
        request.result.createObjectStore("items", { keyPath: "id" });
        request.result.createObjectStore("points", { autoIncrement: true });
        request.result.createObjectStore("kept");
      }
      request.result.createObjectStore("photos", { keyPath: "id" });
    };
    request.onsuccess = () => {
      request.result.onversionchange = () => { request.result.close(); opening = null; };
      request.result.onclose = () => { opening = null; };
      resolve(request.result);
    };
    request.onerror = () => { opening = null; reject(request.error); };
  });
  return opening;
}

// Runs `work` in one transaction and answers once it is on the disk.
async function within(stores, mode, work) {
  const db = await open();
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(stores, mode, { durability: "strict" });
    let answer;
    transaction.oncomplete = () => resolve(answer instanceof IDBRequest ? answer.result : answer);
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
    answer = work(...[].concat(stores).map((name) => transaction.objectStore(name)));
  });
}

export const get = (store, key) => within(store, "readonly", (s) => s.get(key));
export const all = (store) => within(store, "readonly", (s) => s.getAll());
export const put = (store, value, key) => within(store, "readwrite", (s) => s.put(value, key));
export const putAll = (store, values) => within(store, "readwrite", (s) => { for (const value of values) s.put(value); });
export const remove = (store, key) => within(store, "readwrite", (s) => s.delete(key));
export const clear = (store) => within(store, "readwrite", (s) => s.clear());
export const kept = (name) => get("kept", name);
export const keep = (name, value) => put("kept", value, name);
export const keepTogether = (values) => within("kept", "readwrite", (s) => { for (const [name, value] of Object.entries(values)) s.put(value, name); });

// The next number of this device, never given twice.
export async function nextNumber(name) {
  let given;
  await within("kept", "readwrite", (s) => {
    s.get(name).onsuccess = ({ target }) => { given = (target.result ?? 0) + 1; s.put(given, name); };
  });
  return given;
}

// Changes an item where it stands, so that two windows do not overwrite each other; null when it is gone.
export async function change(id, edit, store = "items") {
  let changed = null;
  await within(store, "readwrite", (s) => {
    s.get(id).onsuccess = ({ target }) => {
      if (!target.result) return;
      changed = edit(target.result) ?? target.result;
      s.put(changed);
    };
  });
  return changed;
}

export async function forgetEverything() {
  for (const store of ["items", "points", "photos", "kept"]) await clear(store);
}
