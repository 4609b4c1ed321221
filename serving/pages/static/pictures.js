"use strict";
const places = [...document.querySelectorAll("[data-picture]")];
for (const place of places) place.hidden = false; // all before the first is drawn: the width of a chart depends on the others
for (const place of places) {
  const figure = JSON.parse(place.dataset.picture);
  Plotly.newPlot(place, figure.data, figure.layout, { displayModeBar: false, responsive: true });
}
