// Puts the patient's page together.
import "../styles";
import { render } from "preact";
import { PatientApi } from "../protocol/rest";
import { App } from "./app";
import { Visitor } from "./visitor";

const visitor = new Visitor(new PatientApi());

if (new URLSearchParams(location.search).get("login") === "failed") {
  visitor.fallback.value = "login_failed";
  history.replaceState(null, "", location.pathname);
}
window.addEventListener("online", visitor.wake);
void visitor.begin();

const root = document.getElementById("app");
if (root) render(<App visitor={visitor} />, root);
