// What must survive a kill, in one JSON file: written whole, flushed, and only then put in the old one's place.
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";

export class Keep {
  // `about` says whose file it is: chain, arena, account. A file that is another bot's is refused.
  constructor(path, about) {
    this.path = path;
    alone(`${path}.lock`);
    if (existsSync(path)) {
      this.data = JSON.parse(readFileSync(path, "utf8"));
      if (JSON.stringify(this.data.about) !== JSON.stringify(about)) {
        throw new Error(`${path} is the file of another bot: ${JSON.stringify(this.data.about)}`);
      }
    } else {
      this.data = { about, forecasts: {}, purchases: {}, signals: {} };
    }
  }

  // What is kept under a kind and a name; undefined if nothing is.
  get(kind, name) {
    return this.data[kind][name];
  }

  // Keep a value. When this returns, it is on disk; if it throws, nothing is kept, here neither.
  put(kind, name, value) {
    const data = { ...this.data, [kind]: { ...this.data[kind], [name]: value } };
    const next = `${this.path}.next`;
    const file = openSync(next, "w", 0o600);
    writeSync(file, JSON.stringify(data, null, 1));
    fsyncSync(file);
    closeSync(file);
    renameSync(next, this.path);
    const folder = openSync(dirname(this.path) || ".", "r");
    fsyncSync(folder);
    closeSync(folder);
    this.data = data;
    return value;
  }
}

// Two processes on one file would each forget what the other keeps. After a kill -9 the lock's owner is gone.
function alone(lock) {
  if (existsSync(lock)) {
    const owner = Number(readFileSync(lock, "utf8"));
    if (owner !== process.pid && alive(owner)) throw new Error(`${lock} is held by process ${owner}`);
  }
  writeFileSync(lock, `${process.pid}`);
}

function alive(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}
