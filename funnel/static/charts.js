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

// On a phone a legend in one column would leave little of the chart.
const NARROW = 480;

function draw() {
  for (const place of charts) {
    const figure = themed(place.dataset.chart);
    if (place.clientWidth < NARROW) {
      figure.layout.legend = { ...figure.layout.legend, entrywidthmode: "fraction", entrywidth: 0.5, font: { size: 10 } };
    }
    if (!place.classList.contains("js-plotly-plot")) place.replaceChildren(); // what kept the place free
    Plotly.react(place, figure.data, figure.layout, { displayModeBar: false, responsive: true });
  }
}

draw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
