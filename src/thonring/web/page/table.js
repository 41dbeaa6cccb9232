export const table = { title: "Table", async show(place) { place.textContent = "Table"; } };
