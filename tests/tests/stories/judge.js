// Reads sanitised HTML as a browser does, in a frame's document and in the printed page's shadow
// root, and says of each text what harm is in it. It runs as the body of a function.
const BANNED = new Set(("script style iframe frame frameset object embed form input button link " +
  "meta base svg math video audio source template textarea select title noscript area map body " +
  "html head plaintext xmp marquee").split(" "));
const ATTRIBUTES = new Set(("srcset background poster action formaction ping srcdoc id name class " +
  "data is slot part autofocus popover contenteditable").split(" "));
const STYLES = /^(position|top|left|z-index|transform|filter|content|behavior|animation|transition)/;
const BASE = "https://base.invalid/";

function address(text) {
  try { return new URL(text, BASE); } catch { return { protocol: "none", host: "" }; }
}

function harm(element) {
  const found = [];
  if (BANNED.has(element.localName)) found.push(element.localName);
  if (element.namespaceURI !== "http://www.w3.org/1999/xhtml") found.push("a foreign element");
  for (const { name, value } of element.attributes) {
    const to = address(value);
    if (name.startsWith("on") || ATTRIBUTES.has(name)) found.push(name);
    if (name === "href" && (!["http:", "https:", "mailto:"].includes(to.protocol)
        || to.host === "base.invalid")) found.push(value);
    if (name === "src" && !/^data:image\/(png|jpeg|gif|webp);base64,/i.test(value)) found.push(value);
  }
  for (const name of element.style ?? []) {
    const value = element.style.getPropertyValue(name);
    if (STYLES.test(name) || /url|image-set|element\(/i.test(value)) found.push(name);
  }
  return found;
}

function judge(html) {
  const framed = new DOMParser().parseFromString(
    `<!doctype html><html lang=""><head><style></style></head><body dir="auto">${html}</body></html>`,
    "text/html");
  const found = [...framed.body.querySelectorAll("*")].flatMap(harm);
  if (framed.body.attributes.length !== 1 || framed.head.children.length !== 1) found.push("outside");
  const sheet = document.createElement("section");
  sheet.setHTMLUnsafe(
    `<div><template shadowrootmode="open">${html}</template></div><p id="after"></p>`);
  const [first, last] = sheet.children;
  const root = first.shadowRoot;
  if (sheet.children.length !== 2 || last.id !== "after" || first.childNodes.length || !root) {
    found.push("outside on paper");
  }
  return root ? found.concat([...root.querySelectorAll("*")].flatMap(harm)) : found;
}

window.alert = () => { window.ran = true; };
return TEXTS.map((text) => [text, judge(text)]).filter(([, found]) => found.length);
