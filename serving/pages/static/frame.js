"use strict";
// Menus are <details>: they open without this script, which closes them by Escape and by a click elsewhere.
const openMenus = () => document.querySelectorAll("details.menu[open]");
document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// What is wider than its place scrolls, and can be reached by keyboard.
function reachWideParts() {
  for (const part of document.querySelectorAll(".scroll, pre")) {
    if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
    else part.removeAttribute("tabindex");
  }
}
reachWideParts();
addEventListener("resize", reachWideParts);
document.addEventListener("htmx:afterSettle", reachWideParts);
document.addEventListener("toggle", reachWideParts, true); // a table in <details>
