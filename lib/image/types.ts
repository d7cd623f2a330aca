export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Eight bits a channel, row by row, [height, width, 3]. */
export interface RgbImage extends Size {
  readonly data: Uint8Array;
}

/** What a processor cuts out of an image, before it is rescaled and normalised: eight bits, so exact and small. */
export interface Tiles extends Size {
  readonly count: number;
  /** [count, height, width, 3] */
  readonly data: Uint8Array;
  /** of the image that was cut */
  readonly source: Size;
}

/** The part of every model's input that has to do with tokens. */
export interface ModelImage {
  readonly shape: readonly number[];
  /** so many image tokens stand for it in the prompt */
  readonly tokens: number;
}

/** How a model sees images. The same one serves training and inference. */
export interface ImageProcessor<Image extends ModelImage = ModelImage> {
  readonly source: Required<SourceOptions>;
  /** what the tiles depend on besides the file; part of the cache's key */
  readonly geometry: Readonly<Record<string, unknown>>;
  tiles(image: RgbImage): Promise<Tiles>;
  /** rescaled, normalised and in the model's order */
  input(tiles: Tiles): Image;
  /** image tokens that an image of this size takes, without reading it */
  countTokens(size: Size): number;
}

export interface SourceOptions {
  /**
   * A longer image is shrunk to this length of its longest side, pixels, before the model's processor sees it (DreamPRM:
   * 512); defaults to Infinity.
   */
  readonly longestSide?: number;
  /**
   * What becomes of transparency: "drop" takes the colours behind it, as Hugging Face's processors do; "white" lays the
   * image on white, as qwen_vl_utils does. Defaults to "drop".
   */
  readonly transparency?: "drop" | "white";
  /** a file with more pixels is refused; defaults to 178,956,970, as Pillow does */
  readonly maxSourcePixels?: number;
}

/** The JSON files of a checkpoint that say how it sees images; what they leave open has the published defaults. */
export interface CheckpointFiles {
  /** `config.json` */
  readonly config?: unknown;
  /** `preprocessor_config.json`, or `processor_config.json` with an `image_processor` in it */
  readonly preprocessor?: unknown;
}
