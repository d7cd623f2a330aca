/** What stands below the options of `dreamprm train`. */
export const trainHelp = `
Defaults are for heads on features. With a vision-language model as --reward_model, those named above are
DreamPRM's; rates with LoRA and of a head on a frozen model are ours. --recipe sets all that is published, the
model too. Options on the command line override both.

Hypergradients on a vision-language model: darts takes two forward passes more, sama too, with one more copy of what
is trained; dot goes backward twice, at two to five times the cost of darts. neumann, conjugateGradient and unrolled
need exact second derivatives, which do not pass --gradient_checkpointing.

Examples:
  dreamprm train --train_json_file train.json --meta_json_file meta.json --weighting instance-net
  dreamprm train --recipe dreamprm --train_json_file train.json --meta_json_file meta.json
  dreamprm train --recipe dreamprm-1.5-table --start_from experiments/runs/COLDSTART --train_json_file … --meta_json_file …`;
