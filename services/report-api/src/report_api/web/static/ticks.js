// Rows to be ticked, one by one or by their group, with what the ticks come to in money. Ticks are kept from page to page
// of one list (`data-ticks` names it), and all of them are sent. Without it the ticks of a page are sent.

const MINUS = "\u2212";

class Ticks {
  #form;
  #bar;
  #boxes;
  #key;
  #elsewhere = new Map();
  #groups = [];

  constructor(form) {
    this.#form = form;
    this.#bar = form.querySelector("[data-tick-bar]");
    this.#boxes = [...form.querySelectorAll("input[type=checkbox][data-money]")];
    if (!this.#bar) return;
    this.#key = form.dataset.ticks && `ticks ${form.dataset.ticks}`;
    for (const head of form.querySelectorAll("tr.customer > th")) this.#gather(head);
    this.#restore();
    form.addEventListener("change", (event) => this.#changed(event.target));
    form.addEventListener("submit", ({ submitter }) => (submitter?.closest("tr") ? this.#let(submitter) : this.#send()));
    form.querySelector("[data-tick-best]")?.addEventListener("click", () => {
      for (const box of this.#boxes) box.checked = "best" in box.dataset;
      this.#show();
    });
    // A page that comes back from the browser's memory may have ticks already.
    addEventListener("pageshow", () => this.#show());
    this.#show();
  }

  /** A customer above its rows gets a box that ticks them all. */
  #gather(head) {
    const boxes = this.#boxes.filter((box) => head.closest("tbody").contains(box));
    const name = head.querySelector("a, bdi").textContent;
    const all = Object.assign(document.createElement("input"), { type: "checkbox", ariaLabel: `All of ${name} on this page` });
    const told = Object.assign(document.createElement("span"), { className: "small told" });
    head.prepend(all);
    head.append(" ", told);
    this.#groups.push({ all, boxes, told });
  }

  /** Ticks of other pages are remembered with their money; those of this page are set. */
  #restore() {
    if (!this.#key) return;
    const here = new Map(this.#boxes.map((box) => [box.value, box]));
    for (const [value, money] of JSON.parse(sessionStorage.getItem(this.#key) ?? "[]")) {
      const box = here.get(value);
      if (box) box.checked = true;
      else this.#elsewhere.set(value, money);
    }
  }

  #changed(target) {
    const group = this.#groups.find(({ all }) => all === target);
    for (const box of group?.boxes ?? []) box.checked = target.checked;
    // Who chooses what a row is linked to means the row.
    const own = this.#own(target);
    if (own && target.matches("select")) own.checked = target.value !== "";
    this.#show();
  }

  /** What a button does with its row alone takes the row's tick, and leaves all others. */
  #let(button) {
    const box = this.#own(button);
    if (box) box.checked = false;
    this.#show();
  }

  #own(element) {
    return element.closest("tr")?.querySelector("input[data-money]");
  }

  #show() {
    const ticked = this.#boxes.filter((box) => box.checked);
    const rows = new Map([...this.#elsewhere, ...ticked.map((box) => [box.value, box.dataset.money])]);
    if (this.#key) sessionStorage.setItem(this.#key, JSON.stringify([...rows]));
    const noun = rows.size === 1 ? this.#bar.dataset.noun : `${this.#bar.dataset.noun}s`;
    const other = this.#elsewhere.size ? ` (${this.#number(this.#elsewhere.size)} on other pages)` : "";
    const money = this.#money(rows.values());
    const told = rows.size ? `${this.#number(rows.size)} ${noun} ticked${other}${money && `: ${money}`}` : "Nothing is ticked";
    this.#bar.querySelector("[data-told]").textContent = told;
    for (const button of this.#form.querySelectorAll("[data-ticks-needed]")) button.disabled = rows.size === 0;
    for (const group of this.#groups) this.#group(group);
  }

  #group({ all, boxes, told }) {
    const ticked = boxes.filter((each) => each.checked);
    all.checked = boxes.length > 0 && ticked.length === boxes.length;
    all.disabled = boxes.length === 0;
    all.indeterminate = ticked.length > 0 && !all.checked;
    const money = this.#money(ticked.map((each) => each.dataset.money));
    told.textContent = ticked.length ? `${this.#number(ticked.length)} ticked${money && `: ${money}`}` : "";
  }

  /** The sum of each billing cycle; cycles are never added up. */
  #money(texts) {
    const sums = new Map();
    for (const text of texts) {
      for (const line of text.split("\n").filter(Boolean)) {
        const [cents, ...words] = line.split(" ");
        const cycle = words.join(" ");
        sums.set(cycle, (sums.get(cycle) ?? 0) + Number(cents));
      }
    }
    const signed = "signed" in this.#form.dataset;
    return [...sums].filter(([, cents]) => cents || !signed).map(([cycle, cents]) => {
      const sign = cents < 0 ? MINUS : signed ? "+" : "";
      return `${sign}${this.#bar.dataset.currency}\u00a0${this.#amount(Math.abs(cents))}${cycle && ` ${cycle}`}`;
    }).join(", ");
  }

  #amount(cents) {
    const point = this.#bar.dataset.sample.at(-3);
    return `${this.#number(Math.floor(cents / 100))}${point}${String(cents % 100).padStart(2, "0")}`;
  }

  /** Thousands apart as the server writes them, which gave a sample: 1,234.50. */
  #number(value) {
    const { sample } = this.#bar.dataset;
    const gap = sample.length > 7 ? sample[1] : "";
    return String(value).replace(/\B(?=(\d{3})+$)/g, gap);
  }

  #send() {
    if (!this.#key) return;
    sessionStorage.removeItem(this.#key);
    if (this.#elsewhere.size === 0) return;
    const field = Object.assign(document.createElement("input"), { type: "hidden", name: "elsewhere" });
    field.value = [...this.#elsewhere.keys()].join(",");
    this.#form.append(field);
  }
}

for (const form of document.querySelectorAll("[data-ticks]")) new Ticks(form);
