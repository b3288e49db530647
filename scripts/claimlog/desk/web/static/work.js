// The own work on a text: drafts of claims as they are in the page, and their way to the server.
import { get, quoted, reloadIfCorrected, post, put, remove } from "./api.js";
import { isFilled, slotFlaw, slotValue, unreadSlots, withValue, wordsSlot } from "./applicability.js";
import { unreadFlaw } from "./held_value.js";
import { SaveQueue } from "./save_queue.js";
import { placeOf } from "./unsaved_kinds.js";

/** Drop what says nothing from a value that is to be saved. @param {any} value @returns {any} */
export function withoutBlanks(value) {
  const isBlank = (/** @type {any} */ one) => one === null || one === undefined || one === "" || (Array.isArray(one) && !one.length);
  return Object.fromEntries(Object.entries(value).filter(([, one]) => !isBlank(one)));
}

/** Drafts of one role on one text. It tells listeners `change` (of a draft), `reset` and `status`. */
export class Work extends EventTarget {
  /** @param {string} source @param {string} textHash of the text in which passages are chosen @param {any[]} fields of claims */
  constructor(source, textHash, fields) {
    super();
    this.source = source;
    this.textHash = textHash;
    this.fields = fields;
    /** @type {any[]} in the order of the text */
    this.drafts = [];
    this.state = 0;
    /** The latest state that an answer told of, which may be more than what is shown. */
    this.newest = 0;
    /** @type {Promise<void> | null} while a step is taken back, or made again */
    this.stepping = null;
    /** Another one in another pass, in which the numbers of states and revisions are the same again. */
    this.file = "";
    this.finished = false;
    this.canUndo = false;
    this.canRedo = false;
    this.registered = [];
    this.queue = new SaveQueue(placeOf("work", source), (change) => this.deliver(change), {
      saved: (change, answer, isLatest) => this.take(change, answer, isLatest),
      status: () => this.dispatchEvent(new Event("status")),
    });
    this.others = new BroadcastChannel(this.queue.place);
    this.others.onmessage = ({ data }) => data !== this.state && this.refresh();
  }

  get path() {
    return quoted`api/work/${this.source}`;
  }

  /** Read the work, and take up what was not saved. */
  async load() {
    const found = await get(this.path);
    for (const change of this.queue.left()) this.queue.resume(change);
    this.reset(found);
    this.queue.send();
  }

  /** Read what is there; again, if it is older than an answer that came meanwhile. @returns {Promise<any>} */
  async read() {
    const found = await get(this.path);
    return found.file === this.file && found.state < this.newest ? this.read() : found;
  }

  /** Read what another page of the same role saved, unless something of this one is on its way. */
  async refresh() {
    if (this.queue.changes.size) return;
    const found = await this.read().catch(() => null);
    if (!found || this.queue.changes.size) return;
    const isSame = found.file === this.file && found.text_sha256 === this.textHash;
    if (!isSame || found.state > this.state) this.reset(found);
  }

  /** Show what was read, with what is not saved laid over it. @param {any} found */
  reset(found) {
    if (reloadIfCorrected(found, this.textHash)) return;
    Object.assign(this, { state: found.state, newest: found.state, file: found.file, finished: found.finished, commitment: found.commitment });
    Object.assign(this, { canUndo: found.can_undo, canRedo: found.can_redo, registered: found.registered });
    this.drafts = found.drafts;
    for (const { name, value: given, base } of this.queue.changes.values()) {
      this.drafts = this.drafts.filter((draft) => draft.draft !== name);
      if (given) {
        const { utf16, text_sha256, ...value } = given;
        this.insert({ draft: name, rev: base, span: { utf16 }, textHash: text_sha256 ?? "", value });
      }
    }
    this.dispatchEvent(new Event("reset"));
  }

  /** Return a draft by its name. @param {string | null} name */
  draft(name) {
    return this.drafts.find((draft) => draft.draft === name);
  }

  /** @param {any} draft */
  insert(draft) {
    const [start, end] = draft.span.utf16;
    const after = (/** @type {any} */ other) => other.span.utf16[0] > start || (other.span.utf16[0] === start && other.span.utf16[1] < end);
    const at = this.drafts.findIndex(after);
    this.drafts.splice(at < 0 ? this.drafts.length : at, 0, draft);
  }

  /**
   * Change a draft, or begin one, and save it.
   * @param {string} name
   * @param {any} value
   * @param {[number, number] | null} [utf16] its span, where that changes
   * @param {boolean} [isTyping] whether more of it is likely to come at once
   */
  save(name, value, utf16 = null, isTyping = false) {
    const draft = this.draft(name) ?? { draft: name, rev: 0, span: { utf16: utf16 ?? [0, 0] }, value: {} };
    const on = { base: draft.rev, file: this.file, earlier: draft.value };
    draft.value = value;
    if (utf16) {
      draft.span = { utf16 };
      draft.textHash = this.textHash;
      this.drafts = this.drafts.filter((other) => other !== draft);
      this.insert(draft);
    }
    const { start, end, ...rest } = value;
    const passage = { utf16: draft.span.utf16, text_sha256: draft.textHash ?? this.textHash };
    this.queue.add(name, { ...withoutBlanks(rest), ...passage }, on, isTyping);
    this.tell(name, Boolean(utf16));
    return draft;
  }

  /** Take a draft away. @param {string} name */
  delete(name) {
    const draft = this.draft(name);
    this.drafts = this.drafts.filter((other) => other !== draft);
    this.queue.add(name, null, { base: draft.rev, file: this.file, earlier: draft.value });
    this.tell(name, true);
  }

  /** @param {string} name @param {boolean} isMoved */
  tell(name, isMoved) {
    this.dispatchEvent(new CustomEvent("change", { detail: { name, isMoved } }));
  }

  /** @param {import("./save_queue.js").Change} change */
  async deliver(change) {
    const path = `${this.path}/drafts/${change.name}`;
    const { base, file, value } = change;
    const unread = unreadSlots(this.fields, value ?? {}); // in their place nothing is saved: what was there before is no answer any more
    const saved = unread.reduce((row, slot) => withValue(slot, row, null), value);
    try {
      const answer = await (value ? put(path, { base, file, value: saved }) : remove(path, { base, file }));
      return { ...answer, left: unread.map((slot) => slotFlaw(slot, value)).join(" ") };
    } catch (error) {
      const { code, body } = /** @type {any} */ (error);
      if (code === "stale" && body.current?.state !== undefined && body.current.file !== this.file) await this.read().then((found) => this.reset(found), () => {});
      throw error;
    }
  }

  /** @param {import("./save_queue.js").Change} change @param {any} answer @param {boolean} isLatest */
  take(change, answer, isLatest) {
    const saved = answer.draft;
    this.advance(answer, saved?.rev);
    this.others.postMessage(answer.state);
    const draft = this.draft(change.name);
    const latest = this.queue.changes.get(change.name);
    if (latest && saved) Object.assign(latest, { base: saved.rev, file: answer.file, earlier: this.withEarlier(saved.value, change.value, latest.earlier) });
    if (draft && saved) {
      draft.rev = saved.rev;
      if (isLatest) Object.assign(draft, { span: saved.span, quote: saved.quote, value: saved.value });
    }
    this.dispatchEvent(new CustomEvent("saved", { detail: { name: change.name } }));
  }

  /**
   * Go on from the state that a change of this page led to. If another page changed something before it, that is read
   * first: what is asked for next rests on what is shown.
   * @param {any} answer @param {number} [rev] that the change set
   */
  advance(answer, rev = answer.state) {
    this.newest = Math.max(this.newest, answer.state);
    if (answer.state === this.state || (answer.state === this.state + 1 && rev === answer.state)) {
      Object.assign(this, { state: answer.state, file: answer.file, canUndo: answer.can_undo, canRedo: answer.can_redo });
    } else this.refresh();
  }

  /** What a request says of the state that it is made on. */
  get shown() {
    return { state: this.state, file: this.file };
  }

  /**
   * Put what was there before in the place of what was typed and is no answer: of it, nothing is saved. What answered another
   * question than this is now is put beside it, as words.
   * @param {any} row as it is saved @param {any} typed as it was sent @param {any} earlier
   */
  withEarlier(row, typed, earlier = {}) {
    const isIn = (/** @type {import("./applicability.js").Slot} */ { list }) => !list || row[list.column]?.length === earlier[list.column]?.length; // else items have other numbers
    const put = (/** @type {any} */ before, /** @type {import("./applicability.js").Slot} */ slot) => {
      const value = [slot, wordsSlot(slot)].map((place) => slotValue(place, earlier)).find(isFilled);
      const place = unreadFlaw(slot.field, value) ? wordsSlot(slot) : slot;
      const isLost = isFilled(value) && ![slot, place].some((one) => isFilled(slotValue(one, before)));
      return isLost ? withValue(place, before, value) : before;
    };
    return unreadSlots(this.fields, typed ?? {}).filter(isIn).reduce(put, row);
  }

  /**
   * Take back the last step, or what was taken back: after those that were asked for before, and not while one of them is not saved.
   * @param {"undo" | "redo"} which
   */
  step(which) {
    const stepped = (this.stepping ?? Promise.resolve()).then(async () => {
      await this.queue.sendNow();
      if (this.queue.changes.size) throw new Error("What was changed before is not saved yet.");
      this.reset(await post(`${this.path}/${which}`, this.shown));
      this.others.postMessage(this.state);
    });
    const end = () => { if (this.stepping === stepped) this.stepping = null; };
    this.stepping = stepped;
    stepped.then(end, end);
    return stepped;
  }

  /** Forget a change that is not saved, and show what is there in its place, or was before. @param {import("./save_queue.js").Change} change */
  async giveUp(change) {
    const found = await this.read();
    if (this.queue.changes.get(change.name) !== change) return; // it was changed, and is sent again
    this.queue.drop(change.name);
    const draft = found.drafts.find((/** @type {any} */ one) => one.draft === change.name);
    const saved = draft?.value;
    if (draft) draft.value = this.withEarlier(saved, change.value, change.earlier);
    this.reset(found);
    if (draft && draft.value !== saved) this.save(change.name, draft.value);
  }

  /** Decide between the own version of a draft and the one that is there. @param {string} name @param {any} value null takes what is there */
  resolve(name, value) {
    const change = this.queue.changes.get(name);
    const current = change?.current?.draft ?? null;
    this.drafts = this.drafts.filter((draft) => draft.draft !== name);
    if (current) this.insert(current);
    if (value) {
      const { utf16, text_sha256: textHash, ...rest } = value;
      const draft = { draft: name, rev: current?.rev ?? 0, span: { utf16 }, textHash, value: rest };
      this.drafts = this.drafts.filter((other) => other.draft !== name);
      this.insert(draft);
      this.queue.rebase(name, value, { base: draft.rev, file: change?.current?.file ?? this.file, earlier: current?.value ?? {} });
    } else this.queue.drop(name);
    this.dispatchEvent(new Event("reset"));
  }
}
