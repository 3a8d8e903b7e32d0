"use strict";
// Two of the page's pictures over each other, parted where the range input says.
(() => {
  const pictures = [...document.querySelectorAll("img.source")];
  const by = (id) => document.getElementById(id);
  const slider = by("slider");
  const show = (select, image, caption) => {
    const picture = pictures[select.selectedIndex];
    by(image).src = picture.src;
    by(image).alt = picture.dataset.name;
    by(caption).textContent = picture.dataset.name;
  };
  for (const select of [by("left"), by("right")]) {
    for (const picture of pictures) select.add(new Option(picture.dataset.name));
  }
  by("left").selectedIndex = 0;
  by("right").selectedIndex = Math.min(1, pictures.length - 1);
  const update = () => {
    show(by("left"), "before", "left-name");
    show(by("right"), "after", "right-name");
  };
  by("left").addEventListener("change", update);
  by("right").addEventListener("change", update);
  by("at").addEventListener("input", () => slider.style.setProperty("--at", `${by("at").value}%`));
  by("at").value = 50;
  update();
  document.querySelector(".slider-section").hidden = false;
})();
