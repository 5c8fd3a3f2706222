// A field that finds while one types: the combobox pattern of the ARIA Authoring Practices (list, manual selection).
// Without it the field's form does the same on a page of its own.

const WAIT_MS = 150;

/** Turns one field into a combobox. What was chosen is sent by the hidden field, or by the field itself. */
class Typeahead {
  #root;
  #input;
  #chosen;
  #button;
  #hint;
  #usualHint;
  #list;
  #status;
  #items = [];
  #active = -1;
  #timer;
  #asked = 0;

  constructor(root) {
    this.#root = root;
    this.#input = root.querySelector("input[type=text]");
    this.#chosen = root.dataset.valueField ? root.querySelector(`input[name="${root.dataset.valueField}"]`) : null;
    this.#button = root.querySelector("button");
    this.#hint = root.querySelector("[data-typeahead-hint]");
    this.#usualHint = this.#hint.textContent;
    this.#button.textContent = root.dataset.withScript;
    this.#input.removeAttribute("list");
    this.#build();
    this.#input.addEventListener("input", () => this.#typed());
    this.#input.addEventListener("keydown", (event) => this.#pressed(event));
    this.#input.addEventListener("click", () => this.#open());
    this.#input.addEventListener("blur", () => this.#close());
    this.#require();
  }

  #build() {
    const id = `${this.#input.id}-list`;
    this.#list = document.createElement("ul");
    Object.assign(this.#list, { id, hidden: true, className: "typeahead-list" });
    this.#list.setAttribute("role", "listbox");
    this.#list.setAttribute("aria-label", this.#root.querySelector("label").textContent);
    // The mouse must not take the focus away before its click chooses.
    this.#list.addEventListener("mousedown", (event) => event.preventDefault());
    this.#list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.#choose(Number(option.dataset.index));
    });
    this.#status = document.createElement("p");
    this.#status.className = "visually-hidden";
    this.#status.setAttribute("role", "status");
    this.#input.after(this.#list);
    this.#root.append(this.#status);
    this.#hint.id = `${this.#input.id}-hint`;
    this.#hint.setAttribute("role", "status");
    const attributes = {
      role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": id,
      "aria-describedby": this.#hint.id,
    };
    for (const [name, value] of Object.entries(attributes)) this.#input.setAttribute(name, value);
  }

  #typed() {
    if (this.#chosen) this.#chosen.value = "";
    this.#hint.textContent = this.#usualHint;
    this.#require();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), WAIT_MS);
  }

  /** A typed name is no choice where only what is in Halo may be chosen. */
  #require() {
    if (!this.#chosen) return;
    // An id that is typed exactly is a choice; whether there is such a client, the server knows.
    const missing = this.#chosen.value === "" && !/^\s*#?[0-9]{1,19}\s*$/.test(this.#input.value);
    this.#input.setCustomValidity(missing ? "Type a part of the name, then choose from the list." : "");
  }

  #open() {
    if (this.#list.hidden) this.#ask();
  }

  async #ask() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const number = ++this.#asked;
    const address = new URL(this.#root.dataset.typeahead, location.href);
    address.searchParams.set("q", this.#input.value);
    try {
      const response = await fetch(address, { headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error(String(response.status));
      const { items } = await response.json();
      // An answer to what has been typed since makes this one old.
      if (number === this.#asked && document.activeElement === this.#input) this.#show(items);
    } catch {
      if (number === this.#asked) this.#say("The list could not be loaded. Load the page again.");
    }
  }

  #show(items) {
    this.#items = items;
    this.#list.replaceChildren(...items.map((item, index) => this.#option(item, index)));
    this.#list.hidden = items.length === 0;
    this.#input.setAttribute("aria-expanded", String(items.length > 0));
    this.#activate(-1);
    this.#say(items.length === 0 ? "Nothing found. Type less of the name." : `${items.length} found.`);
  }

  #option(item, index) {
    const option = document.createElement("li");
    option.id = `${this.#list.id}-${index}`;
    option.dataset.index = String(index);
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    option.append(item.name);
    for (const [text, className] of [[item.note, "quiet"], [item.hint, "hint"]]) {
      if (!text) continue;
      const span = document.createElement("span");
      span.className = className;
      span.textContent = text;
      option.append(" ", span);
    }
    return option;
  }

  #activate(index) {
    this.#active = index;
    for (const option of this.#list.children) {
      const active = Number(option.dataset.index) === index;
      option.setAttribute("aria-selected", String(active));
      if (active) option.scrollIntoView({ block: "nearest" });
    }
    if (index < 0) this.#input.removeAttribute("aria-activedescendant");
    else this.#input.setAttribute("aria-activedescendant", `${this.#list.id}-${index}`);
  }

  #pressed(event) {
    const open = !this.#list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (open) this.#move(event.key === "ArrowDown" ? 1 : -1);
      else this.#ask();
    } else if (event.key === "Enter" && open && this.#active >= 0) {
      event.preventDefault();
      this.#choose(this.#active);
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      this.#close();
    }
  }

  #move(step) {
    const count = this.#items.length;
    const from = this.#active < 0 && step < 0 ? 0 : this.#active;
    this.#activate((from + step + count) % count);
  }

  #choose(index) {
    const item = this.#items[index];
    this.#input.value = item.name;
    if (this.#chosen) this.#chosen.value = item.value;
    this.#require();
    this.#close();
    this.#hint.textContent = [item.note && `Chosen: ${item.name}, ${item.note}.`, item.hint].filter(Boolean).join(" ");
    this.#input.focus();
  }

  #close() {
    this.#asked += 1;
    clearTimeout(this.#timer);
    this.#list.hidden = true;
    this.#input.setAttribute("aria-expanded", "false");
    this.#activate(-1);
    this.#say("");
  }

  #say(text) {
    this.#status.textContent = text;
    if (text.startsWith("The list")) this.#hint.textContent = text;
  }
}

for (const root of document.querySelectorAll("[data-typeahead]")) new Typeahead(root);
