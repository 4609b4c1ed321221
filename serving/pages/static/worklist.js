"use strict";
// Keys of the worklist: j and k move through the leads, Enter opens one (it is a link), / searches, ? shows the keys.
(() => {
  const leads = () => [...document.querySelectorAll(".worklist tbody th > a")];
  const help = document.getElementById("keys");

  function move(step) {
    const links = leads();
    if (!links.length) return;
    const row = document.activeElement.closest(".worklist tbody tr");
    const here = links.findIndex((link) => link.closest("tr") === row);
    const next = here < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(here + step, 0), links.length - 1);
    links[next].focus();
    links[next].closest("tr").scrollIntoView({ block: "nearest" });
  }

  const actions = {
    j: () => move(1),
    k: () => move(-1),
    "/": () => document.querySelector(".search input")?.focus(),
    "?": () => help?.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help?.open) return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) return;
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  // Enter in a line's note or date keeps it; without this script only its button does.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches(".why input")) return;
    event.preventDefault();
    event.target.closest(".actions").querySelector("button").click();
  });
  for (const button of document.querySelectorAll(".by-script")) {
    button.classList.remove("by-script");
    button.addEventListener("click", () => help?.showModal());
  }
})();
