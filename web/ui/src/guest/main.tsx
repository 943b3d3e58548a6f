// Puts the guest's page together. Its address and title name nobody; the code is typed, and never stands in an address.
import "../styles";
import { render } from "preact";
import { GuestApi } from "../protocol/rest";
import { speak } from "../texts";
import { App } from "./app";
import { Stay } from "./stay";

const root = document.getElementById("app");
if (root) {
  const stay = new Stay(new GuestApi());
  window.addEventListener("online", stay.wake);
  await Promise.all([speak(), stay.begin()]);
  render(<App stay={stay} />, root);
}
