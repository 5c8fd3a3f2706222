// Comfort of the Customers and License tabs: ticking suggestions, and waiting for a read of Halo.

const POLL_MS = 2000;
const LATE_MS = 120_000;
const LATE_POLL_MS = 30_000;

const form = document.querySelector("[data-accept]");
if (form) ticking(form);

/** One tick a row, all best ones at once, and how many there are. */
function ticking(accept) {
  const button = accept.querySelector("[data-accept-button]");
  const groups = [...document.querySelectorAll("[data-one-of]")];
  const boxesOf = (group) => [...group.querySelectorAll("input[type=checkbox]")];

  const count = () => {
    const ticked = groups.flatMap(boxesOf).filter((box) => box.checked).length;
    button.textContent = ticked === 1 ? "Accept 1 ticked suggestion" : `Accept ${ticked} ticked suggestions`;
    button.disabled = ticked === 0;
  };
  for (const group of groups) {
    group.addEventListener("change", (event) => {
      for (const box of boxesOf(group)) if (box !== event.target) box.checked = false;
      count();
    });
  }
  accept.querySelector("[data-tick-all]").addEventListener("click", () => {
    // Where two fit equally well, a person has to choose.
    for (const group of groups.filter((each) => each.querySelector("[data-best]"))) {
      for (const box of boxesOf(group)) box.checked = "best" in box.dataset;
    }
    count();
  });
  // A page that comes back from the browser's memory may have ticks already.
  addEventListener("pageshow", count);
  count();
}

const waiting = document.querySelector("[data-reading]");
if (waiting) awaitRead(waiting);

/** Ask whether the read has come in, and show it: at once if nobody has begun to do something on this page. */
async function awaitRead(element) {
  const link = element.querySelector("a");
  const late = element.querySelector("[data-late]");
  const began = Date.now();
  for (;;) {
    late.hidden = Date.now() - began < LATE_MS;
    await new Promise((resolve) => { setTimeout(resolve, late.hidden ? POLL_MS : LATE_POLL_MS); });
    if (document.hidden) continue;
    let answer;
    try {
      const response = await fetch(element.dataset.readUrl, { headers: { Accept: "application/json" } });
      if (!response.ok) return;
      answer = await response.json();
    } catch {
      continue;
    }
    if (answer.read_at === element.dataset.reading) continue;
    if (!begun()) location.assign(link.href);
    element.querySelector(".notice-text").replaceChildren("Halo has been read. ", link);
    link.textContent = "Show what has changed";
    late.hidden = true;
    return;
  }
}

function begun() {
  const fields = [...document.querySelectorAll("main input[type=text], main input[type=search]")];
  const boxes = [...document.querySelectorAll("main input[type=checkbox]")];
  return fields.some((field) => field.value !== field.defaultValue) || boxes.some((box) => box.checked)
    || document.querySelector("main details[open]") !== null;
}
