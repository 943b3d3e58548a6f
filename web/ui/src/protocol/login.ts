// What the address says of a login that did not come to its end, and the way out by the provider's own logout.
import type { LoggedOut } from "../generated/wire";

/** Why nobody is logged in; the server puts it into the address. */
export type LoginProblem = "login_failed" | "assurance_too_low" | "launch_spent" | "launch_for_another";

const PROBLEMS: readonly LoginProblem[] = ["assurance_too_low", "launch_spent", "launch_for_another"];

/** Reads the problem from the address, and takes it out of there. */
export function loginProblem(): LoginProblem | null {
  const told = new URLSearchParams(location.search).get("login");
  if (told === null) return null;
  history.replaceState(null, "", location.pathname + location.hash);
  return PROBLEMS.find((problem) => problem === told) ?? "login_failed";
}

/** Goes where the login ends at the provider too, when there is such a place. */
export function continueLogout({ continue_at }: LoggedOut): boolean {
  if (continue_at === null) return false;
  location.assign(continue_at);
  return true;
}
