// The catalogues: which language is spoken, and dates and times as each writes them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { byCode, languageOf } = await load("texts/language.ts");
const { da } = await load("texts/da.ts");
const { en } = await load("texts/en.ts");

test("a click rules, then the browser's first language; Scandinavians read Danish", () => {
  assert.equal(languageOf("en", ["da-DK"]), "en");
  assert.equal(languageOf("da", ["en-GB"]), "da");
  for (const tag of ["da", "da-DK", "nb-NO", "nn", "sv-SE", "fo", "DA-dk"])
    assert.equal(languageOf(null, [tag, "en"]), "da");
  for (const tag of ["en-GB", "de-DE", "uk", "ar", "pl"]) assert.equal(languageOf(null, [tag, "da"]), "en");
  assert.equal(languageOf(null, []), "da");
  for (const nonsense of ["", "sv", "toString", "__proto__"])
    assert.equal(languageOf(nonsense, ["da"]), "da");
});

test("dates and times as Danes and as British people write them", () => {
  const summer = Date.parse("2026-07-01T05:30:00Z");
  const day = 86_400_000;
  assert.equal(da.room.opensAgain(summer, summer - 3_600_000), "Åbner igen kl.\u00a007.30");
  assert.equal(en.room.opensAgain(summer, summer - 3_600_000), "Opens again at 07:30");
  assert.equal(da.room.opensAgain(summer, summer - day), "Åbner igen i morgen kl.\u00a007.30");
  assert.equal(en.room.opensAgain(summer, summer - day), "Opens again tomorrow at 07:30");
  // Versions of ICU differ in whether a "den", or a comma, stands before the day.
  assert.match(
    da.room.opensAgain(summer, summer - 3 * day),
    /^Åbner igen onsdag (den )?1\. juli kl\.\u00a007\.30$/,
  );
  assert.match(en.room.opensAgain(summer, summer - 3 * day), /^Opens again on Wednesday,? 1 July at 07:30$/);
  assert.match(da.settings.date("2026-12-24"), /^torsdag (den )?24\. december 2026$/);
  assert.match(en.settings.date("2026-12-24"), /^Thursday,? 24 December 2026$/);
  assert.equal(da.common.date(summer), "1. jul. 2026");
  assert.equal(en.common.date(summer), "1 Jul 2026");
  assert.equal(da.common.duration(42_000), "40 sek.");
  assert.equal(en.common.duration(61_000), "1 min");
  assert.equal(da.common.minutes(0), "under 1 min.");
});

test("a code of the server is looked up, and one that is unknown is none", () => {
  assert.equal(byCode(da.refusals, "room_closed"), da.refusals.room_closed);
  assert.equal(byCode(en.statuses, 429), en.statuses[429]);
  for (const code of ["never_heard_of", "constructor", "__proto__"])
    assert.equal(byCode(en.refusals, code), undefined);
});

test("no text is empty in one language alone, and no sentence stands in the other's words", () => {
  const walk = (danish, english, path) => {
    if (typeof danish === "string") {
      assert.equal(danish === "", english === "", path);
      assert.doesNotMatch(english, /[æøåÆØÅ]/, path);
      if (danish.split(" ").length > 2) assert.notEqual(english, danish, path);
    } else if (typeof danish === "object")
      for (const name of Object.keys(danish)) walk(danish[name], english[name], `${path}.${name}`);
  };
  walk(da, en, "");
});
