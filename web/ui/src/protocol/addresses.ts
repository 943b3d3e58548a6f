// The addresses of the pages and sockets that carry ids; nothing that names a patient stands in any of them.
const part = encodeURIComponent;

/** The call's own tab. */
export const callPage = (clinic: string, visit: string) => `/clinics/${part(clinic)}/calls/${part(visit)}`;

/** The same for a colleague who joins the two in it. */
export const joinedCallPage = (clinic: string, visit: string) => `${callPage(clinic, visit)}?as=colleague`;

export const isJoined = (search: string) => new URLSearchParams(search).get("as") === "colleague";

/** The ids in the address of a call's tab, or null for another address. */
export function idsOfCallPage(path: string): { clinic: string; visit: string } | null {
  const found = /^\/clinics\/([^/]+)\/calls\/([^/]+)\/?$/.exec(path);
  if (!found?.[1] || !found[2]) return null;
  return { clinic: decodeURIComponent(found[1]), visit: decodeURIComponent(found[2]) };
}

export const staffLive = (clinic: string, since: number | null) =>
  `/api/clinics/${part(clinic)}/live${since === null ? "" : `?since=${since}`}`;
export const staffCall = (clinic: string, visit: string, joins: boolean) =>
  `/api/clinics/${part(clinic)}/visits/${part(visit)}/call${joins ? "?as=colleague" : ""}`;
export const guestLive = () => "/api/guest/live";
export const guestCall = () => "/api/guest/call";
export const patientLive = () => "/api/patient/live";
export const patientCall = (visit: string) => `/api/patient/visits/${part(visit)}/call`;
