// Refuses values that Argo's own schema does not list, and wrong types: a JSON list of objects on stdin; what is wrong on
// stdout, exit 1. Usage: node enums.mjs FOLDER_OF_NODE_MODULES
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

let wrong = 0;
for (const object of JSON.parse(readFileSync(0, "utf8"))) {
  const file = resolve(process.argv[2], "@kubernetes-models/argo-workflows", object.apiVersion, `${object.kind}.js`);
  const model = (await import(pathToFileURL(file)))[object.kind];
  try {
    new model(object).validate();
  } catch (error) {
    wrong = 1;
    console.log(`${object.kind}: ${error.message}`);
  }
}
process.exit(wrong);
