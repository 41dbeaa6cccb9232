// The report's figures, from the numbers inside the page.
const figures = JSON.parse(document.getElementById("figures-drawn").textContent);
for (const place of document.querySelectorAll("[data-figure]")) showFigure(place, figures[place.dataset.figure]);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaintFigures);
