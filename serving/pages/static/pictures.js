"use strict";
const places = [...document.querySelectorAll("[data-picture]")];
for (const place of places) place.hidden = false; // all before the first is drawn, so that each knows its width
for (const place of places) {
  const figure = JSON.parse(place.dataset.picture);
  Plotly.newPlot(place, figure.data, figure.layout, { displayModeBar: false, responsive: true });
}
