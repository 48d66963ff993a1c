/** Reads labelled pictures: a folder with `images/` and `instances.json`, as COCO's. */
import { join } from "node:path";
import { z } from "zod";
import type { SizePx } from "../../../src/core/geometry.ts";
import type { TrueObject } from "./average_precision.ts";

/** One labelled picture. */
export interface LabelledPicture {
  readonly path: string;
  readonly size: SizePx;
  /** What is in it, by the name of its class. */
  readonly truth: ReadonlyMap<string, readonly TrueObject[]>;
}

/** Labelled pictures. */
export interface DataSet {
  /** The last part of the folder's path. */
  readonly name: string;
  /** In the order of their ids. */
  readonly pictures: readonly LabelledPicture[];
  /** The classes that were labelled. */
  readonly classes: readonly string[];
}

const flag = z.union([z.literal(0), z.literal(1)]).default(0);
const labels = z.object({
  images: z.array(z.object({
    id: z.number(),
    file_name: z.string(),
    width: z.number().positive(),
    height: z.number().positive(),
  })).min(1),
  annotations: z.array(z.object({
    image_id: z.number(),
    category_id: z.number(),
    bbox: z.tuple([z.number(), z.number(), z.number(), z.number()]),
    area: z.number(),
    iscrowd: flag,
    ignore: flag,
  })),
  categories: z.array(z.object({ id: z.number(), name: z.string() })).min(1),
});

/**
 * Reads the labels of a folder.
 * @throws {Error} saying what is missing or wrong
 */
export async function readDataSet(folder: string): Promise<DataSet> {
  const file = join(folder, "instances.json");
  const parsed = labels.safeParse(JSON.parse(await Deno.readTextFile(file)));
  if (!parsed.success) {
    throw new Error(`${file} has not COCO's format: ${z.prettifyError(parsed.error)}`);
  }
  const { images, annotations, categories } = parsed.data;
  const names = new Map(categories.map(({ id, name }) => [id, name]));
  const truths = new Map(images.map(({ id }) => [id, new Map<string, TrueObject[]>()]));
  for (const { image_id, category_id, bbox, area, iscrowd, ignore } of annotations) {
    const truth = truths.get(image_id);
    const name = names.get(category_id);
    if (truth === undefined || name === undefined) {
      throw new Error(
        `${file} labels image ${image_id} with class ${category_id}, and lacks one of them`,
      );
    }
    const [x, y, width, height] = bbox;
    const object = {
      box: { x, y, width, height },
      areaPx: area,
      isIgnored: ignore === 1,
      isCrowd: iscrowd === 1,
    };
    truth.set(name, [...truth.get(name) ?? [], object]);
  }
  return {
    name: folder.replace(/\/+$/, "").split("/").at(-1) ?? folder,
    classes: categories.map(({ name }) => name),
    pictures: images.toSorted((a, b) => a.id - b.id).map(({ id, file_name, ...size }) => ({
      path: join(folder, "images", file_name),
      size,
      truth: truths.get(id) ?? new Map(),
    })),
  };
}
