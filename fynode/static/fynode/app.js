// What pages do beyond forms and links: selecting orders over several pages, the keyboard, and
// saying when a request went wrong. Every page works without it.
"use strict";

const KEY = "fynode.selection";
const KEYS_OFF = "fynode.keys-off";
const $ = (selector) => document.querySelector(selector);
const $$ = (selector) => [...document.querySelectorAll(selector)];

// Selection: the ids of the selected orders, in the order they were selected.

function stored() {
  try {
    const value = JSON.parse(sessionStorage.getItem(KEY));
    return Array.isArray(value) ? value.map(String) : [];
  } catch {
    return [];
  }
}

let selection = new Set(stored());

function keep() {
  sessionStorage.setItem(KEY, JSON.stringify([...selection]));
  showSelection();
}

function select(boxes, checked) {
  for (const box of boxes) checked ? selection.add(box.value) : selection.delete(box.value);
  keep();
}

const boxes = () => $$("input[form=bulk][name=order]");

function showSelection() {
  const bar = $("#bulk");
  if (!bar) return;
  for (const box of boxes()) {
    box.checked = selection.has(box.value);
    box.closest("tr").classList.toggle("is-selected", box.checked);
  }
  const here = boxes().filter((box) => box.checked).length;
  const all = $("#select-page");
  if (all) {
    all.checked = here > 0 && here === boxes().length;
    all.indeterminate = here > 0 && !all.checked;
  }
  const limit = Number(bar.dataset.limit);
  const isOver = selection.size > limit;
  const elsewhere = selection.size - here;
  bar.hidden = selection.size === 0;
  document.body.classList.toggle("has-selection", !bar.hidden);
  bar.classList.toggle("is-over", isOver);
  bar.querySelector("[data-count]").textContent = isOver
    ? `${bar.dataset.over}; ${selection.size} are selected`
    : `${selection.size} selected` + (elsewhere ? `, ${elsewhere} of them on other pages` : "");
  bar.querySelector("[data-of]").textContent = isOver ? "" : `of at most ${limit}`;
  for (const button of bar.querySelectorAll("[type=submit]")) button.disabled = isOver;
  bar.querySelector("[data-keep]").hidden = !isOver;
}

document.addEventListener("change", (event) => {
  if (event.target.id === "select-page") select(boxes(), event.target.checked);
  else if (event.target.matches("input[form=bulk][name=order]")) {
    select([event.target], event.target.checked);
  } else if (event.target.id === "keys-on") {
    localStorage.setItem(KEYS_OFF, event.target.checked ? "" : "1");
  } else if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.matches("[data-keep]")) {
    selection = new Set([...selection].slice(0, Number($("#bulk").dataset.limit)));
    keep();
  } else if (button.matches("[data-clear]")) {
    selection.clear();
    keep();
  } else if (button.matches("[data-dismiss]")) {
    button.closest(".strip, .notice").remove();
  } else if (button.matches("[data-help]")) $("#help").showModal();
});

// Requests.

document.addEventListener("htmx:configRequest", (event) => {
  const { elt, formData, verb } = event.detail;
  if (elt.id === "bulk") {
    formData.delete("order");
    for (const id of selection) formData.append("order", id);
  } else if (verb === "get" && elt.id === "filters") {
    for (const [name, value] of [...formData]) if (!value) formData.delete(name);
  }
});

document.addEventListener("bulk-started", () => {
  selection.clear();
  keep();
});

document.addEventListener("htmx:afterSettle", showSelection);

function notice(text) {
  const box = document.createElement("div");
  box.className = "notice is-error";
  box.setAttribute("role", "alert");
  box.append(text);
  $("#notices").replaceChildren(box);
}

document.addEventListener("htmx:beforeSwap", (event) => {
  // Signed out meanwhile: the answer is the sign-in page, and belongs into the whole window.
  const address = new URL(event.detail.xhr.responseURL || location.href);
  if (address.pathname === document.body.dataset.signIn) {
    event.detail.shouldSwap = false;
    location.reload();
  }
});

const ERRORS = {
  403: "You may not do this, or this page has been open for too long. Reload it and try again.",
  404: "This is not there any more. Reload the page.",
};

document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  if (status !== 400) {
    notice(ERRORS[status] || "Fynode could not do this. Nothing is lost; try again in a moment.");
  }
});

document.addEventListener("htmx:sendError", () => {
  notice("Fynode cannot be reached. What was started goes on; this page shows it again as soon as it can.");
});

// Keyboard. The current row is the one that has the focus.

const rows = () => $$("tbody tr[data-row]");

function move(step) {
  const all = rows();
  if (!all.length) return;
  const now = all.indexOf(document.activeElement.closest?.("tr[data-row]"));
  const next = now < 0 ? 0 : Math.min(all.length - 1, Math.max(0, now + step));
  all[next].querySelector("a")?.focus();
  all[next].scrollIntoView({ block: "nearest" });
}

const inRow = (selector) =>
  document.activeElement.closest?.("tr[data-row]")?.querySelector(selector) ?? null;

function search() {
  const box = $("[data-search]");
  box?.focus();
  box?.select();
}

const isCtrlK = (event) =>
  (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k";

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  x: () => inRow("input[type=checkbox]")?.click(),
  // A selection is meant as a whole: what the bar does not offer is not done to one order instead.
  s: () => ($("#bulk:not([hidden]) [type=submit]") ?? inRow("[data-synchronize]") ?? $("[data-synchronize][data-page]"))?.click(),
  "/": search,
  "?": () => $("#help").showModal(),
};

document.addEventListener("keydown", (event) => {
  // Not a single key: it works while typing, and cannot be switched off.
  if (isCtrlK(event) && $("[data-search]") && !$("dialog[open]")) {
    event.preventDefault();
    search();
    return;
  }
  const isTyping = event.target.closest("input:not([type=checkbox]), textarea, select, dialog");
  const isOff = event.ctrlKey || event.metaKey || event.altKey || localStorage.getItem(KEYS_OFF);
  if (isTyping || isOff || event.repeat && !"jk".includes(event.key) || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});

const keysOn = $("#keys-on");
if (keysOn) keysOn.checked = !localStorage.getItem(KEYS_OFF);
showSelection();
