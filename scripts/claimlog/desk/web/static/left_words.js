// Words that were typed of what is not there any more, so that they can be saved nowhere: said, and kept in this browser,
// until the person says that they may go.
import { askBeforeLeaving, h } from "./dom.js";

/** Those of one page. */
export class LeftWords {
  /** @param {import("./kept_values.js").KeptValues} browser @param {() => void} tell run when others are left */
  constructor(browser, tell) {
    this.browser = browser;
    this.tell = tell;
    /** @type {Set<string>} what is said of each, with its words */
    this.all = new Set(browser.below("left").map(([said]) => said));
    askBeforeLeaving(() => ![...this.all].every((said) => browser.isKept(`left/${said}`, { said })));
  }

  /** @param {string} said of the words, with these */
  add(said) {
    this.all.add(said);
    this.browser.keep(`left/${said}`, { said });
    this.tell();
  }

  /** @param {string} said */
  giveUp(said) {
    this.all.delete(said);
    this.browser.forget(`left/${said}`, { said });
    this.tell();
  }

  /** What is to be said of all, if anything. */
  get text() {
    return this.all.size ? `Not saved: ${[...this.all].join("; ")}.` : "";
  }

  /** Buttons by which each may go. */
  buttons() {
    return [...this.all].map((said) => h("button", { type: "button", on: { click: () => this.giveUp(said) } }, `Give up ${said.length > 50 ? `${said.slice(0, 50)} …` : said}`));
  }
}
