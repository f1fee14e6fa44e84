// The picture in the browser: two bytes per segment, kept up to date by the server's stream.
// Emits (as events on itself): `picture` (all states new), `moves` {moves, at, cause}, `layer` name, `beat`, `refused`.
// The stream is opened first and its events are held back until the states have come, so that nothing falls between.
const NO_DIRECTION = 255;
const LETTERS = "OC?RX";

export class Feed extends EventTarget {
  constructor(network) {
    super();
    this.network = network;
    this.states = new Uint8Array();
    this.version = -1;
    this.at = null;
    this.heard = null; // browser's clock when the server was last heard
    this.offset = 0; // server's clock minus the browser's, ms
  }

  // The worse of both directions, 0 … 4; 2 (unknown) where nothing is known.
  stateOf(number) {
    const forward = this.states[2 * number], backward = this.states[2 * number + 1];
    if (forward === undefined) return 2;
    if (forward === NO_DIRECTION) return backward === NO_DIRECTION ? 2 : backward;
    return backward === NO_DIRECTION ? forward : Math.max(forward, backward);
  }

  get now() {
    return Date.now() + this.offset;
  }

  async ask(profile, userClass) {
    this.question = new URLSearchParams({ profile, user_class: userClass });
    this.source?.close();
    this.held = [];
    this.#listen();
    await this.refresh();
  }

  async refresh() {
    const question = this.question;
    const answer = await fetch(`/api/v1/states?${question}`, { headers: { Accept: "application/octet-stream" } });
    if (question !== this.question) return;
    if (!answer.ok) return this.#emit("refused", { status: answer.status });
    const states = new Uint8Array(await answer.arrayBuffer());
    if (states.length === 0 || answer.headers.get("X-Fom-Network") !== this.network) {
      return this.#emit("refused", { status: states.length === 0 ? "empty" : "network" });
    }
    this.states = states;
    this.version = Number(answer.headers.get("X-Fom-Version"));
    this.at = Date.parse(answer.headers.get("X-Fom-At"));
    this.#heard(this.at);
    this.#emit("picture", {});
    const held = this.held ?? [];
    this.held = null;
    for (const body of held) this.#move(body);
  }

  #listen() {
    const source = (this.source = new EventSource(`/api/v1/stream?${this.question}`));
    let hasOpened = false;
    source.addEventListener("open", () => {
      if (hasOpened && this.held === null) this.#takeAll(); // after a break: whatever was missed
      hasOpened = true;
    });
    source.addEventListener("heartbeat", (event) => this.#heard(Date.parse(JSON.parse(event.data).at)));
    source.addEventListener("moves", (event) => {
      const body = JSON.parse(event.data);
      this.#heard(Date.parse(body.at));
      this.#move(body);
    });
    source.addEventListener("record", (event) => {
      this.heard = Date.now();
      this.#emit("layer", JSON.parse(event.data));
    });
    source.addEventListener("end", () => {
      source.close();
      this.#emit("refused", { status: 401 });
    });
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED || this.source !== source) return;
      setTimeout(() => this.source === source && this.#listen(), 5000);
    });
  }

  // All states anew; what comes meanwhile waits, so that an older answer overwrites nothing.
  #takeAll() {
    const question = this.question;
    const again = () => setTimeout(() => question === this.question && this.held && this.#takeAll(), 5000);
    this.held ??= [];
    this.refresh().then(() => this.held && again(), again);
  }

  #move(body) {
    if (this.held) return this.held.push(body);
    if (body.version <= this.version) return;
    if (body.complete === false) return this.#takeAll(); // too many to name
    for (const [number, , , forward, backward] of body.moves) {
      this.states[2 * number] = LETTERS.indexOf(forward) < 0 ? NO_DIRECTION : LETTERS.indexOf(forward);
      this.states[2 * number + 1] = LETTERS.indexOf(backward) < 0 ? NO_DIRECTION : LETTERS.indexOf(backward);
    }
    this.version = body.version;
    this.at = Date.parse(body.at);
    this.#emit("moves", body);
  }

  #heard(at) {
    this.heard = Date.now();
    if (Number.isFinite(at)) this.offset = at - this.heard;
    this.#emit("beat", {});
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
