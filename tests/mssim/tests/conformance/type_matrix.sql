-- The table of all types: a usual row, a row of NULLs, a row at the edges of the types.
CREATE TABLE dbo.type_matrix (
    id int NOT NULL CONSTRAINT PK_type_matrix PRIMARY KEY,
    f_bigint bigint NOT NULL,
    f_bit bit NOT NULL,
    f_money money NOT NULL,
    f_float float NOT NULL,
    c_bit bit NULL,
    c_tinyint tinyint NULL,
    c_smallint smallint NULL,
    c_int int NULL,
    c_bigint bigint NULL,
    c_decimal9 decimal(9, 2) NULL,
    c_numeric38 numeric(38, 10) NULL,
    c_smallmoney smallmoney NULL,
    c_money money NULL,
    c_real real NULL,
    c_float float NULL,
    c_date date NULL,
    c_time7 time(7) NULL,
    c_time0 time(0) NULL,
    c_datetime datetime NULL,
    c_smalldatetime smalldatetime NULL,
    c_datetime2_3 datetime2(3) NULL,
    c_datetime2_7 datetime2(7) NULL,
    c_datetimeoffset datetimeoffset(7) NULL,
    c_char char(5) NULL,
    c_varchar varchar(20) NULL,
    c_varchar_max varchar(max) NULL,
    c_nchar nchar(4) NULL,
    c_nvarchar nvarchar(20) NULL,
    c_nvarchar_max nvarchar(max) NULL,
    c_text text NULL,
    c_ntext ntext NULL,
    c_xml xml NULL,
    c_cyrillic varchar(40) COLLATE Cyrillic_General_CI_AS NULL,
    c_utf8 varchar(40) COLLATE Latin1_General_100_CI_AS_SC_UTF8 NULL,
    c_binary binary(4) NULL,
    c_varbinary varbinary(8) NULL,
    c_varbinary_max varbinary(max) NULL,
    c_image image NULL,
    c_guid uniqueidentifier NULL
);
GO
INSERT INTO dbo.type_matrix VALUES (
    1, 5, 1, 1234.5678, 0.5, 1, 7, -7, 70000, 1099511627776, -123.45, 1.5, 1.9999, -0.0005, 1.5, 1e100,
    '2024-02-29', '13:14:15.1234567', '13:14:15', '2024-02-29T13:14:15.123', '2024-02-29T13:14:00',
    '2024-02-29T13:14:15.123', '2024-02-29T13:14:15.1234567', '2024-02-29T18:44:15.1234567+05:30',
    'ab', N'Grüße', REPLICATE(CAST('0123456789' AS varchar(max)), 2000), N'日本', N'Ωmega 😀',
    REPLICATE(CAST(N'ж日' AS nvarchar(max)), 5000), N'old text é', N'old ntext 日', N'<a b="1">ж</a>',
    N'Привет', N'Grüße 日本 😀', 0x0102, 0x0001FE,
    CAST(REPLICATE(CAST(0xAB AS varbinary(max)), 9000) AS varbinary(max)), 0x090807,
    '00112233-4455-6677-8899-AABBCCDDEEFF'
);
INSERT INTO dbo.type_matrix (id, f_bigint, f_bit, f_money, f_float) VALUES (2, 6, 0, -0.0001, -0.0);
INSERT INTO dbo.type_matrix VALUES (
    3, -9223372036854775808, 1, 922337203685477.5807, 1.7976931348623157e308, 0, 255, -32768, -2147483648,
    9223372036854775807, 9999999.99, -9999999999999999999999999999.9999999999, -214748.3648,
    -922337203685477.5808, -0.25, -2.5e-7,
    '0001-01-01', '23:59:59.9999999', '00:00:00', '1753-01-01T00:00:00', '2079-06-06T23:59:00',
    '0001-01-01T00:00:00', '9999-12-31T23:59:59.9999999', '0001-01-01T10:00:00-14:00',
    N'€ÿß', '', '', N'😀', N'', N'x', 't', N'n', N'<x/>', 'ascii', 'ascii',
    0xFFFFFFFF, 0x, 0x, 0x00, '00000000-0000-0000-0000-000000000000'
);
