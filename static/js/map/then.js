// States of moments other than now, kept in the browser: what was known at a past moment does not change any more.
const KEPT_BYTES = 96 * 2 ** 20;

export class Then {
  constructor() {
    this.kept = new Map();
    this.bytes = 0;
  }

  // {states, network, version} of a moment {at, knownAt (ms, null = as known now)}; `version` parts what is known now from what was.
  async read(question, moment, version) {
    const query = momentQuery(question, moment);
    const key = moment.knownAt === null ? `${query} ${version}` : `${query}`;
    if (!this.kept.has(key)) {
      const answer = await fetch(`/api/v1/states?${query}`, { headers: { Accept: "application/octet-stream" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const found = { states: new Uint8Array(await answer.arrayBuffer()), network: answer.headers.get("X-Fom-Network") };
      if (found.states.length === 0) throw new Error("empty");
      this.#keep(key, found);
    }
    return this.kept.get(key);
  }

  #keep(key, found) {
    this.kept.set(key, found);
    this.bytes += found.states.length;
    for (const [oldest, old] of this.kept) {
      if (this.bytes <= KEPT_BYTES || oldest === key) break;
      this.kept.delete(oldest);
      this.bytes -= old.states.length;
    }
  }
}

// The question of profile and class, asked of a moment.
export function momentQuery(question, moment) {
  const query = new URLSearchParams(question);
  if (!moment) return query;
  query.set("at", new Date(moment.at).toISOString());
  if (moment.knownAt !== null) query.set("known_at", new Date(moment.knownAt).toISOString());
  return query;
}

// Numbers of the segments whose two bytes differ.
export function differing(a, b) {
  const found = [];
  for (let i = 0; i < b.length; i += 2) if (a[i] !== b[i] || a[i + 1] !== b[i + 1]) found.push(i / 2);
  return found;
}
