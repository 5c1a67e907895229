/**
 * MetalLB itself: its controller and its speaker, built from its Go modules, and the manifest of that version.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ARCHITECTURE, writeImage } from '../../tools/image/archive.js';

const FOLDER = process.env['ARPEGGIO_METALLB'] ?? '';

export const METALLB_CONTROLLER: string = join(FOLDER, 'controller');
export const METALLB_MANIFEST: string = join(FOLDER, 'metallb-native.yaml');

/** Whether tests with it run here. Set-up has said why it is not there; with `CI=true` they run, and fail. */
export const canHaveMetallb = (): boolean => existsSync(METALLB_CONTROLLER) || process.env['CI'] === 'true';

/** Writes archives of the images that its manifest names into `folder`. */
export async function writeMetallbImages(folder: string): Promise<readonly string[]> {
  const named = [...readFileSync(METALLB_MANIFEST, 'utf8').matchAll(/image: (\S+\/(\w+):\S+)$/gm)];
  return Promise.all(
    named.map(async ([, reference = '', name = '']) => {
      const scratch = mkdtempSync(join(folder, 'image-'));
      const root = join(scratch, 'root');
      mkdirSync(root);
      copyFileSync(join(FOLDER, name), join(root, name));
      const file = join(folder, `${name}.tar`);
      await writeImage(root, file, scratch, { reference, architecture: ARCHITECTURE, entrypoint: [`/${name}`], labels: {} });
      rmSync(scratch, { recursive: true });
      return file;
    }),
  );
}
