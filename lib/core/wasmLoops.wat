;; Loops over float32 entries, four at a time, in the memory of TensorFlow.js' wasm backend; addresses are bytes, counts
;; of adamW and sumOfSquares multiples of 4. wasmLoops.ts holds the compiled form, a test compares the two.
(module
  (import "backend" "memory" (memory 1))
  ;; One AdamW update of n entries: the formula of optim/adamW.ts; c1 = 1 − β₁, c2 = 1 − β₂
  (func (export "adamW")
    (param $p i32) (param $m i32) (param $v i32) (param $g i32)
    (param $newP i32) (param $newM i32) (param $newV i32) (param $n i32)
    (param $beta1 f32) (param $c1 f32) (param $beta2 f32) (param $c2 f32)
    (param $stepSize f32) (param $epsilon f32) (param $decay f32)
    (local $at i32) (local $end i32) (local $grad v128) (local $first v128) (local $second v128)
    (local.set $end (i32.shl (local.get $n) (i32.const 2)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $grad (v128.load (i32.add (local.get $g) (local.get $at))))
        (local.set $first
          (f32x4.add
            (f32x4.mul (f32x4.splat (local.get $beta1)) (v128.load (i32.add (local.get $m) (local.get $at))))
            (f32x4.mul (f32x4.splat (local.get $c1)) (local.get $grad))))
        (local.set $second
          (f32x4.add
            (f32x4.mul (f32x4.splat (local.get $beta2)) (v128.load (i32.add (local.get $v) (local.get $at))))
            (f32x4.mul (f32x4.splat (local.get $c2)) (f32x4.mul (local.get $grad) (local.get $grad)))))
        (v128.store (i32.add (local.get $newM) (local.get $at)) (local.get $first))
        (v128.store (i32.add (local.get $newV) (local.get $at)) (local.get $second))
        (v128.store (i32.add (local.get $newP) (local.get $at))
          (f32x4.sub
            (f32x4.mul (f32x4.splat (local.get $decay)) (v128.load (i32.add (local.get $p) (local.get $at))))
            (f32x4.div
              (f32x4.mul (f32x4.splat (local.get $stepSize)) (local.get $first))
              (f32x4.add (f32x4.sqrt (local.get $second)) (f32x4.splat (local.get $epsilon))))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $next))))
  ;; Σ x², of a few thousand entries at a time: the sum is kept in float32
  (func (export "sumOfSquares") (param $x i32) (param $n i32) (result f32)
    (local $at i32) (local $end i32) (local $value v128) (local $sum v128)
    (local.set $end (i32.shl (local.get $n) (i32.const 2)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $value (v128.load (i32.add (local.get $x) (local.get $at))))
        (local.set $sum (f32x4.add (local.get $sum) (f32x4.mul (local.get $value) (local.get $value))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $next)))
    (f32.add
      (f32.add (f32x4.extract_lane 0 (local.get $sum)) (f32x4.extract_lane 1 (local.get $sum)))
      (f32.add (f32x4.extract_lane 2 (local.get $sum)) (f32x4.extract_lane 3 (local.get $sum)))))
  ;; y = 0, then for every entry (row, column, value) of a sparse matrix in compressed rows: y[row] += value · x[column],
  ;; rows of `width` numbers; or, `transposed`, y[column] += value · x[row]
  (func (export "sparseProduct")
    (param $start i32) (param $column i32) (param $value i32) (param $rows i32) (param $transposed i32)
    (param $x i32) (param $y i32) (param $width i32) (param $bytes i32)
    (local $first i32) (local $row i32) (local $end i32) (local $from i32) (local $to i32) (local $stop i32)
    (local $factor f32)
    (memory.fill (local.get $y) (i32.const 0) (local.get $bytes))
    (local.set $first (local.get $value))
    (local.set $width (i32.shl (local.get $width) (i32.const 2)))
    (block $done
      (loop $nextEntry
        (block $inRow
          (loop $nextRow
            (br_if $done (i32.ge_u (local.get $row) (local.get $rows)))
            (local.set $end
              (i32.add (local.get $first) (i32.shl (i32.load offset=4 (local.get $start)) (i32.const 2))))
            (br_if $inRow (i32.lt_u (local.get $value) (local.get $end)))
            (local.set $start (i32.add (local.get $start) (i32.const 4)))
            (local.set $row (i32.add (local.get $row) (i32.const 1)))
            (br $nextRow)))
        (local.set $from (i32.load (local.get $column)))
        (local.set $to (local.get $row))
        (if (local.get $transposed)
          (then
            (local.set $to (local.get $from))
            (local.set $from (local.get $row))))
        (local.set $from (i32.add (local.get $x) (i32.mul (local.get $from) (local.get $width))))
        (local.set $to (i32.add (local.get $y) (i32.mul (local.get $to) (local.get $width))))
        (local.set $factor (f32.load (local.get $value)))
        (local.set $stop (i32.add (local.get $from) (i32.and (local.get $width) (i32.const -16))))
        (block $vectorsDone
          (loop $nextVector
            (br_if $vectorsDone (i32.ge_u (local.get $from) (local.get $stop)))
            (v128.store (local.get $to)
              (f32x4.add (v128.load (local.get $to))
                (f32x4.mul (f32x4.splat (local.get $factor)) (v128.load (local.get $from)))))
            (local.set $from (i32.add (local.get $from) (i32.const 16)))
            (local.set $to (i32.add (local.get $to) (i32.const 16)))
            (br $nextVector)))
        (local.set $stop (i32.add (local.get $stop) (i32.and (local.get $width) (i32.const 15))))
        (block $numbersDone
          (loop $nextNumber
            (br_if $numbersDone (i32.ge_u (local.get $from) (local.get $stop)))
            (f32.store (local.get $to)
              (f32.add (f32.load (local.get $to)) (f32.mul (local.get $factor) (f32.load (local.get $from)))))
            (local.set $from (i32.add (local.get $from) (i32.const 4)))
            (local.set $to (i32.add (local.get $to) (i32.const 4)))
            (br $nextNumber)))
        (local.set $column (i32.add (local.get $column) (i32.const 4)))
        (local.set $value (i32.add (local.get $value) (i32.const 4)))
        (br $nextEntry)))))
