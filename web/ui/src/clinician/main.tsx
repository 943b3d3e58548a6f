// Puts the clinician's page together.
import "../styles";
import { render } from "preact";
import { loginProblem } from "../protocol/login";
import { StaffApi } from "../protocol/rest";
import { speak } from "../texts";
import { App } from "./app";
import { Desk } from "./desk";
import { pageOf } from "./pages";

const desk = new Desk(new StaffApi());

desk.fallback.value = desk.notice.value = loginProblem();
const follow = () => {
  desk.page.value = pageOf(location.hash);
};
follow();
window.addEventListener("hashchange", follow);
window.addEventListener("popstate", follow);
window.addEventListener("online", desk.wake);
window.addEventListener("offline", desk.lost);
void desk.begin();
await speak();

const root = document.getElementById("app");
if (root) render(<App desk={desk} />, root);
