export const curate = { title: "Curate", async show(place) { place.textContent = "Curate"; } };
