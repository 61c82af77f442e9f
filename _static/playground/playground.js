// Every playground of a page. Each kind is a module of its own, loaded where a page has it.

async function begin(root) {
  const data = JSON.parse(root.querySelector(".lb-play-data").textContent);
  try {
    const { start } = await import(`./${data.show}.js`);
    await start(root, data);
  } catch (error) {
    document.getElementById(data.insteadOf)?.classList.remove("lb-play-replaced");
    throw error;
  } finally {
    delete root.dataset.toCome;
  }
}

for (const root of document.querySelectorAll(".lb-playground")) begin(root);
