// The decision steps of a variable, answered yes or no; and what the codebook says about it.
import { announce, fill, h, keycap } from "./dom.js";

/** Draw what the codebook says about a variable, without its steps. @param {any} variable */
export function variableNotes(variable) {
  if (!variable) return null;
  const notes = [["Include", variable.include], ["Exclude", variable.exclude], ["Example", variable.example]];
  return h("dl", { class: "notes" }, notes.filter(([, text]) => text).map(([name, text]) => h("div", {}, h("dt", {}, name), h("dd", {}, text))));
}

/** Whether a step that holds answers its variable; no is an answer. @param {any} step */
function isAnswer(step) {
  return step.code !== null;
}

/** The steps of a variable in their order. */
export class DecisionSteps {
  /** @param {any} variable @param {any} field @param {(code: string | null) => void} decide null leaves it empty */
  constructor(variable, field, decide) {
    this.steps = variable?.steps ?? [];
    this.field = field;
    this.decide = decide;
    this.at = -1;
    this.element = h("section", { class: "decision", "aria-label": "Decision steps" });
    this.draw();
  }

  get isOpen() {
    return this.at >= 0;
  }

  /** Whether steps of this variable can be answered. */
  get canBegin() {
    return this.steps.some(isAnswer);
  }

  begin() {
    this.at = 0;
    this.draw();
    this.say();
  }

  leave() {
    this.at = -1;
    this.draw();
  }

  say() {
    const step = this.steps[this.at];
    if (step) announce(`Step ${step.step}: ${step.rule} Yes or no?`);
    this.element.querySelector(".here")?.scrollIntoView({ block: "nearest" });
  }

  /** @param {boolean} isYes */
  answer(isYes) {
    const step = this.steps[this.at];
    if (isYes && isAnswer(step)) this.decide(step.code);
    else if (isYes && step.kind === "empty") this.decide(null);
    else if (this.at + 1 < this.steps.length) {
      this.at += 1;
      this.draw();
      this.say();
    } else announce("That was the last step: choose a code, or leave it empty.");
  }

  /** Take a key while the steps are open. @param {KeyboardEvent} event */
  key(event) {
    const { key } = event;
    if (key === "y" || key === "n") this.answer(key === "y");
    else if (key === "Backspace" && this.at > 0) {
      this.at -= 1;
      this.draw();
      this.say();
    } else if (key === "Escape" || key === "Backspace") this.leave();
    else return false;
    return true;
  }

  draw() {
    if (!this.steps.length) return;
    const coded = this.steps.some(isAnswer);
    const label = (/** @type {string | boolean} */ code) => this.field.codes?.find((/** @type {any} */ one) => one.code === code)?.label ?? code;
    const rows = this.steps.map((/** @type {any} */ step, /** @type {number} */ number) => h(
      "li",
      { class: number === this.at ? "here" : number < this.at ? "past" : null, value: step.step },
      step.rule,
      isAnswer(step) ? h("strong", {}, ` ${label(step.code)}`) : null,
      number === this.at ? h("span", { class: "answers" },
        h("button", { type: "button", on: { click: () => this.answer(true) } }, keycap("y"), " yes"),
        h("button", { type: "button", on: { click: () => this.answer(false) } }, keycap("n"), " no")) : null,
    ));
    const title = coded ? "Take the first step that holds" : "Rules";
    const open = coded ? h("button", { type: "button", class: "quiet", on: { click: () => (this.isOpen ? this.leave() : this.begin()) } }, keycap("-"), this.isOpen ? " leave the steps" : " answer them") : null;
    fill(this.element, h("h3", {}, title, " ", open), h("ol", {}, rows));
  }
}
