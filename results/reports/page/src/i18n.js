// The language of a page. Its words stand in words/*.json; code only knows their names.
import en from "./words/en.json";
import es from "./words/es.json";

const catalogues = { en, es };
/** [tag, the language's own name] */
export const languages = Object.keys(catalogues).map((tag) => [tag, catalogues[tag]["language.name"]]);

let tag = "en";
let plurals = new Intl.PluralRules(tag);
const formats = new Map();

/** From now on the page speaks `language`; an unknown one becomes English. */
export function speak(language) {
  tag = language in catalogues ? language : "en";
  plurals = new Intl.PluralRules(tag);
  formats.clear();
  document.documentElement.lang = tag;
}
export const language = () => tag;

const choice = "peakstorm.language";
/** What the reader chose before, else the browser's language. Pages opened from a file may have no memory. */
export function preferred() {
  try {
    const chosen = localStorage.getItem(choice);
    if (chosen in catalogues) return chosen;
  } catch { /* Then the browser decides. */ }
  return (navigator.languages ?? [navigator.language]).map((l) => l.slice(0, 2)).find((l) => l in catalogues) ?? "en";
}
export function remember(language) {
  try {
    localStorage.setItem(choice, language);
  } catch { /* It holds for this visit. */ }
}

/** Intl.NumberFormat of the page's language, made once. */
export function number(options) {
  const key = JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(tag, options));
  return formats.get(key);
}

export const has = (key) => key in catalogues[tag];

/**
 * The words of that name, with {name} replaced by values.name (numbers grouped as the language does). Words with
 * two forms, "one|many", follow values.n. A name that is not there is a mistake of ours and shows as itself.
 */
export function t(key, values = {}) {
  const words = catalogues[tag][key] ?? en[key] ?? key;
  const form = words.includes("|") ? words.split("|")[plurals.select(values.n) === "one" ? 0 : 1] : words;
  return form.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? number({ maximumFractionDigits: 0 }).format(value) : value ?? "";
  });
}

/** t(key + "." + name), or the name itself where the catalogue does not know it: names of places, of new kinds. */
export const named = (key, name) => (has(`${key}.${name}`) ? t(`${key}.${name}`) : String(name).replace(/_/g, " "));
