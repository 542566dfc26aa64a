-- The last log position that change data capture has seen: one row, one value, NULL where there is none.
-- Error 208 where change data capture was never enabled.
SELECT CONVERT(nvarchar(60), sys.fn_cdc_get_max_lsn(), 1) AS log_position
