"""What a script finds when it begins, in JavaScript: the tools, and the helpers that its model is told of.

Owns the globals of scripts and the messages between a script and the server, one JSON object each. To the server:
`text`, `image`, `audio`, `store`, `notify`, `yield`, `call`, and at the end `done`. To the script: `begin`, `result`.
Does not own the process around it (host.py).
"""

PRELUDE = r"""
(() => {
  "use strict";
  const send = globalThis.__send;
  delete globalThis.__send;
  const stringify = JSON.stringify, parse = JSON.parse, now = Date.now;
  const AsyncFunction = Object.getPrototypeOf(async function () {}).constructor;
  const LONGEST = 16 * 1024 * 1024, STRICT = '"use strict";', LEAVE = Symbol("exit");
  const calls = new Map(), timers = new Map(), stored = new Map();
  let last = 0, over = false;

  const out = (message) => {
    if (over) return;
    const line = stringify(message);
    if (line.length > LONGEST) throw new RangeError(`a value of ${line.length} characters is too large to pass on`);
    over = message.type === "done";
    send(line, over);
  };
  const words = (value) => {
    if (typeof value === "string") return value;
    try { return stringify(value) ?? String(value); } catch { return String(value); }
  };
  const source = (value, what) => {
    let url = value;
    if (value !== null && typeof value === "object")
      url = value[`${what}_url`] ?? (value.type === what ? `data:${value.mimeType};base64,${value.data}` : undefined);
    if (typeof url !== "string") throw new TypeError(`${what}() takes a data URL, or an object with ${what}_url`);
    return url;
  };
  const place = (stack) => String(stack ?? "").replace(/<input>:(\d+):(\d+)/g, (_, line, column) => {
    const own = Number(line) - 2;
    return `exec_main.mjs:${own}:${own === 1 ? Math.max(Number(column) - STRICT.length, 1) : column}`;
  }).split(/\n *at (?:begin|tick|receive) \(/)[0].split("\n").filter((line) => line && !line.includes("(native)"));
  const fail = (error) => {
    if (error === LEAVE) return out({ type: "done" });
    let said;
    try { said = error instanceof Error ? [String(error), ...place(error.stack)].join("\n") : words(error); }
    catch { said = "an error that cannot be shown"; }
    // What the engine throws when there is no memory left for an error either.
    if (error === null) said = "null: thrown by the script, or it is out of memory";
    out({ type: "done", error: said });
  };
  const call = (name) => (input) => new Promise((resolve, reject) => {
    const id = ++last;
    calls.set(id, { resolve, reject });
    try { out({ type: "call", id, name, input: input === undefined ? null : input }); }
    catch (error) { calls.delete(id); reject(error); }
  });

  Object.assign(globalThis, {
    text: (value) => out({ type: "text", text: words(value) }),
    image: (value) => out({ type: "image", url: source(value, "image") }),
    audio: (value) => out({ type: "audio", url: source(value, "audio") }),
    generatedImage: (value) => {
      out({ type: "image", url: source(value, "image") });
      if (typeof value?.output_hint === "string") out({ type: "text", text: value.output_hint });
    },
    store: (key, value) => {
      if (typeof key !== "string") throw new TypeError("store() takes a string as its key");
      const kept = stringify(value);
      if (kept === undefined) throw new TypeError("store() takes a value that JSON can hold");
      out({ type: "store", key, value: kept });
      stored.set(key, kept);
    },
    load: (key) => stored.has(key) ? parse(stored.get(key)) : undefined,
    notify: (value) => out({ type: "notify", text: words(value) }),
    yield_control: () => out({ type: "yield" }),
    exit: () => { out({ type: "done" }); throw LEAVE; },
    setTimeout: (callback, delay = 0, ...given) => {
      if (typeof callback !== "function") throw new TypeError("setTimeout() takes a function");
      timers.set(++last, { at: now() + Math.max(Number(delay) || 0, 0), callback, given });
      return last;
    },
    clearTimeout: (id) => { timers.delete(id); },
  });

  const begin = ({ code, tools, values }) => {
    for (const [key, value] of Object.entries(values)) stored.set(key, value);
    const made = {};
    for (const { name } of tools) made[name] = call(name);
    globalThis.tools = Object.freeze(made);
    globalThis.ALL_TOOLS = tools;
    let script;
    try { script = new AsyncFunction(STRICT + code); } catch (error) { return fail(String(error)); }
    script().then(() => out({ type: "done" }), fail);
  };
  const result = ({ id, value, error }) => {
    const waiting = calls.get(id);
    calls.delete(id);
    if (error === undefined) waiting?.resolve(value); else waiting?.reject(error);
  };
  const receive = (line) => {
    const message = parse(line);
    if (message.type === "begin") begin(message); else result(message);
  };
  // Runs the timers that are due. Returns how many milliseconds the next one has, -1 when only answers are
  // waited for, -2 when nothing can happen any more.
  const tick = () => {
    const due = [...timers].filter(([, timer]) => timer.at <= now());
    for (const [id, timer] of due) {
      if (!timers.delete(id)) continue;
      try { timer.callback(...timer.given); } catch (error) { fail(error); }
    }
    if (due.length) return 0;
    if (timers.size) {
      let next = Infinity;
      for (const timer of timers.values()) if (timer.at < next) next = timer.at;
      return Math.max(next - now(), 1);
    }
    return calls.size ? -1 : -2;
  };
  return [receive, tick];
})()
"""
