// Stylesheets and icons out of DKFDS, which the package's own exports do not name (see vite.config.ts).
declare module "dkfds-css";
declare module "dkfds-icons/*?raw" {
  const markup: string;
  export default markup;
}
