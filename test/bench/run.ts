/** Runs one bench, prints its table, and writes its figures as JSON: `run NAME OUT`. Bundled and started by tools/bench.mjs. */
import { writeFileSync } from 'node:fs';
import { type Bench, table } from './figures.js';

const [name = '', out] = process.argv.slice(2);
const { run } = (await import(new URL(`${name}.js`, import.meta.url).href)) as Bench;
const figures = await run();
console.log(`${table(figures)}\n`);
if (out !== undefined) writeFileSync(out, JSON.stringify(Object.fromEntries(figures.map(({ key, value }) => [key, value]))));
