"use strict";
// Charts are data in the page. Their colours are names of the style sheet's, so that they follow its light and dark theme.

// Plotly sets some styles as attributes, which the content security policy forbids; it allows styles set by script.
const setAttribute = Element.prototype.setAttribute;
Element.prototype.setAttribute = function (name, value) {
  if (name === "style") this.style.cssText = value;
  else setAttribute.call(this, name, value);
};

const charts = [...document.querySelectorAll("[data-chart]")];

function themed(text) {
  const colours = getComputedStyle(document.documentElement);
  return JSON.parse(text.replace(/var\(--([a-z-]+)\)/g, (_, name) => colours.getPropertyValue(`--${name}`).trim()));
}

// The marks of numbers on axes and bars, as the page's language writes them: a comma and a point in German.
const marks = new Intl.NumberFormat(document.documentElement.lang).formatToParts(12345.6);
const separators = ["decimal", "group"].map((type) => marks.find((mark) => mark.type === type).value).join("");

// On a phone a legend in one column would leave little of the chart.
const NARROW = 480;
const LONG_NAME = 12; // characters of a series that has a line of the legend to itself

function draw() {
  for (const place of charts) {
    const figure = themed(place.dataset.chart);
    figure.layout.separators = separators;
    if (place.clientWidth < NARROW) {
      const longest = Math.max(0, ...figure.data.map((series) => (series.name ?? "").length));
      const entrywidth = longest > LONG_NAME ? 1 : 0.5;
      figure.layout.legend = { ...figure.layout.legend, entrywidthmode: "fraction", entrywidth, font: { size: 10 } };
    }
    if (!place.classList.contains("js-plotly-plot")) place.replaceChildren(); // what kept the place free
    Plotly.react(place, figure.data, figure.layout, { displayModeBar: false, responsive: true });
  }
}

draw();
// Paper is narrower than the window, and nothing is drawn anew for it: the style sheet of paper scales the drawings.
addEventListener("beforeprint", () => {
  for (const drawing of document.querySelectorAll(".main-svg")) {
    drawing.setAttribute("viewBox", `0 0 ${drawing.getAttribute("width")} ${drawing.getAttribute("height")}`);
    drawing.setAttribute("preserveAspectRatio", "xMinYMin meet");
  }
});
addEventListener("afterprint", () => {
  for (const drawing of document.querySelectorAll(".main-svg")) drawing.removeAttribute("viewBox");
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
