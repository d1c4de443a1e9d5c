;; A component that grows a table, which Rust cannot be made to do.
;;
;; The binary beside this file is made of it; a test of the crate `check` holds the two together.
(component
  (core module $m
    (table $t 1 funcref)
    ;; Grows the table for ever. Where it is refused there is nothing more to grab: a trap.
    (func (export "grab-table")
      (loop $again
        (if (i32.eq (table.grow $t (ref.null func) (i32.const 10000)) (i32.const -1))
          (then unreachable))
        (br $again)))
    ;; Grows the table once: its size before, or -1 where it is refused.
    (func (export "grow-table") (param $elements i32) (result i32)
      (table.grow $t (ref.null func) (local.get $elements))))
  (core instance $i (instantiate $m))
  (func $grab-table (canon lift (core func $i "grab-table")))
  (func $grow-table (param "elements" u32) (result s32)
    (canon lift (core func $i "grow-table")))
  (instance $tasks
    (export "grab-table" (func $grab-table))
    (export "grow-table" (func $grow-table)))
  (export "test:grab-table/tasks@0.1.0" (instance $tasks)))
