// What the settings of an e-shop do beyond forms and links: a picked colour and its HEX agree, and
// a key goes into the form without loading the page. Everything works without it.
"use strict";

document.addEventListener("input", ({ target }) => {
  const form = target.form;
  if (target.matches("[data-picks]")) form.querySelector("[data-hex]").value = target.value;
  else if (target.matches("[data-hex]") && /^#[0-9a-f]{6}$/i.test(target.value)) {
    form.querySelector("[data-picks]").value = target.value;
  }
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-key]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  document.querySelector("#id_source_key").value = link.dataset.key;
  document.querySelector("#id_scope").value = link.dataset.scope;
  document.querySelector("#form").scrollIntoView({ block: "nearest" });
  document.querySelector("#id_target").focus();
});
