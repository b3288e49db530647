// Requests to the desk's server, and what can become of them.

const { base, desk, definition, role } = /** @type {{base: string, desk: string, definition: string, role: string}} */ (document.body.dataset);

// A package may call a column so: a row that has nothing there must not have it from all objects.
Reflect.deleteProperty(Object.prototype, "constructor");

/** What this browser keeps of the role begins so: the same address and role may be of another package's desk later. */
export const KEPT = `claimlog-desk/${desk}/${role}`;

/** What was typed in forms of another codebook, or of other schemas, was typed by another one. */
export const DEFINITION = definition;

/** A request that was refused, or that reached nobody (status 0). */
export class ApiError extends Error {
  /** @param {number} status @param {any} body */
  constructor(status, body) {
    super(body.message.replace(/[^.?!]$/u, "$&.")); // others may be said after it
    this.status = status;
    this.code = body.code;
    this.body = body;
  }

  /** Whether the page shows forms of another codebook than what is saved goes by now. */
  get isOutdated() {
    return this.code === "outdated";
  }

  /** Whether sending it again later may go well, as it stands. */
  get isPassing() {
    return this.status === 0 || this.status >= 500 || this.status === 401 || this.status === 429;
  }
}

const SECONDS = 20;

/**
 * Send a request and return the object that it is answered.
 * @param {"GET" | "PUT" | "POST" | "DELETE"} method
 * @param {string} path below the address of the role
 * @param {any} [body] an object, or a file
 * @param {number} [seconds] how long to wait
 * @returns {Promise<any>}
 */
export async function send(method, path, body, seconds = SECONDS) {
  const isFile = body instanceof Blob;
  /** @type {RequestInit} */
  const options = { method, signal: AbortSignal.timeout(seconds * 1000), headers: { "Claimlog-Desk": desk, "Claimlog-Definition": definition } };
  if (method !== "GET") {
    options.body = isFile ? body : JSON.stringify(body ?? {});
    options.headers = { ...options.headers, "Content-Type": isFile ? "application/octet-stream" : "application/json" };
  }
  let answer;
  let found;
  try {
    answer = await fetch(base + path, options);
    found = await answer.json();
  } catch (error) {
    const message = answer ? "The server's answer could not be read." : "The desk's server cannot be reached.";
    throw new ApiError(answer && answer.status >= 400 ? answer.status : 0, { code: "offline", message });
  }
  if (!answer.ok) {
    const told = found.error ?? {};
    const error = new ApiError(answer.status, { code: "failure", message: `The server answered ${answer.status}.`, ...told });
    if (error.isOutdated) dispatchEvent(new Event("outdated"));
    throw error;
  }
  return found;
}

export const get = (/** @type {string} */ path) => send("GET", path);
export const put = (/** @type {string} */ path, /** @type {any} */ body) => send("PUT", path, body);
export const post = (/** @type {string} */ path, /** @type {any} */ body = {}, seconds = 120) => send("POST", path, body, seconds);
export const remove = (/** @type {string} */ path, /** @type {any} */ body = {}) => send("DELETE", path, body);

/**
 * Return a path with its parts quoted: a package may allow any sign in its identifiers.
 * @param {TemplateStringsArray} texts
 * @param {...string} parts
 */
export function quoted(texts, ...parts) {
  return String.raw({ raw: texts }, ...parts.map(encodeURIComponent));
}

/** Return the address of a page of the role. @param {string} path */
export function page(path) {
  return base + path;
}

/**
 * Reload the page if what was read is of another text than it shows: the text was corrected. Return whether it is.
 * @param {{text_sha256: string}} found
 * @param {string} textHash of the text that the page shows
 */
export function reloadIfCorrected(found, textHash) {
  const isOther = found.text_sha256 !== textHash;
  if (isOther) location.reload();
  return isOther;
}
