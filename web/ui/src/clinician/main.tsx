// Puts the clinician's page together.
import "../styles";
import { render } from "preact";
import { StaffApi } from "../protocol/rest";
import { App } from "./app";
import { Desk } from "./desk";
import { pageOf } from "./pages";

const desk = new Desk(new StaffApi());

if (new URLSearchParams(location.search).get("login") === "failed") {
  desk.fallback.value = "login_failed";
  history.replaceState(null, "", location.pathname + location.hash);
}
const follow = () => {
  desk.page.value = pageOf(location.hash);
};
follow();
window.addEventListener("hashchange", follow);
window.addEventListener("popstate", follow);
window.addEventListener("online", desk.wake);
void desk.begin();

const root = document.getElementById("app");
if (root) render(<App desk={desk} />, root);
