// Puts the patient's page together.
import "../styles";
import { render } from "preact";
import { loginProblem } from "../protocol/login";
import { PatientApi } from "../protocol/rest";
import { speak } from "../texts";
import { App } from "./app";
import { Visitor } from "./visitor";

const visitor = new Visitor(new PatientApi());

visitor.fallback.value = loginProblem();
window.addEventListener("online", visitor.wake);
window.addEventListener("offline", visitor.lost);
// From the browser's cache of pages, where every connection was cut.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) visitor.wake();
});
document.addEventListener("visibilitychange", () => visitor.turnedTo(document.visibilityState === "visible"));
void visitor.begin();
await speak();

const root = document.getElementById("app");
if (root) render(<App visitor={visitor} />, root);
