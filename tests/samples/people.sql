-- People: temporal tables, masks, self references, referential actions, composite and filtered keys, sparse columns,
-- constraints that are disabled or were never proven, two schemas. Made for tests.
ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON;
GO
CREATE SCHEMA hr
GO
CREATE SCHEMA [hr archive]
GO
CREATE TYPE hr.[Tax No] FROM varchar(9) NOT NULL
CREATE TYPE dbo.Salary FROM decimal(12, 2) NULL
GO
CREATE SEQUENCE hr.Badges AS bigint START WITH 500 INCREMENT BY 1 NO CYCLE
GO
CREATE TABLE hr.Department (
    Id smallint NOT NULL CONSTRAINT PK_Department PRIMARY KEY,
    Name nvarchar(60) COLLATE Finnish_Swedish_100_CI_AS NOT NULL CONSTRAINT UQ_Department UNIQUE,
    Parent smallint NULL CONSTRAINT FK_Department_Parent REFERENCES hr.Department (Id) ON DELETE NO ACTION ON UPDATE NO ACTION,
    Kind char(5) NOT NULL DEFAULT ('IT')
)
CREATE TABLE hr.Employee (
    Id int IDENTITY(1, 1) NOT NULL,
    [Full Name] nvarchar(80) COLLATE Latin1_General_CS_AS NOT NULL,
    [Tax No] hr.[Tax No] MASKED WITH (FUNCTION = 'default()'),
    Department smallint NULL CONSTRAINT FK_Employee_Department REFERENCES hr.Department (Id) ON DELETE SET DEFAULT ON UPDATE CASCADE CONSTRAINT DF_Department DEFAULT 1,
    Manager int NULL,
    Born date NOT NULL,
    Salary dbo.Salary MASKED WITH (FUNCTION = 'random(1, 5)'),
    Sex char(1) NOT NULL,
    Badge bigint SPARSE NULL,
    Hired smalldatetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
    Level tinyint NOT NULL DEFAULT 1,
    Remark varchar(200) NULL,
    [Points] smallint NOT NULL CONSTRAINT DF_Points DEFAULT (-1),
    Seniority AS (datediff(day, [Born], [Hired])),
    Initial AS (upper(left([Full Name], 1))) PERSISTED,
    Band AS (CASE WHEN [Level] > 100 THEN 'high' WHEN [Level] > 50 THEN 'middle' ELSE 'low' END),
    Changed datetime2(0) NOT NULL DEFAULT sysutcdatetime(),
    [By] sysname NOT NULL DEFAULT suser_sname(),
    CONSTRAINT PK_Employee PRIMARY KEY CLUSTERED (Id),
    CONSTRAINT UQ_Tax UNIQUE ([Tax No]),
    CONSTRAINT FK_Employee_Manager FOREIGN KEY (Manager) REFERENCES hr.Employee (Id),
    CONSTRAINT CK_Sex CHECK (Sex IN ('m', 'f', 'x')),
    CONSTRAINT CK_Dates CHECK (Born < Hired AND Born > '1900-01-01'),
    CHECK (Level <= 127)
)
CREATE UNIQUE INDEX UX_Badge ON hr.Employee (Badge) WHERE (Badge IS NOT NULL AND Badge > 0)
CREATE INDEX IX_Employee_Manager ON hr.Employee (Manager, Level DESC) INCLUDE ([Full Name])
GO
CREATE TABLE hr.Skill (
    Employee int NOT NULL CONSTRAINT FK_Skill_Employee REFERENCES hr.Employee (Id) ON DELETE CASCADE,
    Skill varchar(30) COLLATE Cyrillic_General_CS_AS NOT NULL,
    Grade tinyint NOT NULL,
    [Since] date NULL,
    CONSTRAINT PK_Skill PRIMARY KEY CLUSTERED (Employee DESC, Skill ASC)
)
CREATE TABLE hr.[Absence] (
    Id bigint IDENTITY(9000000000, 1) NOT NULL PRIMARY KEY NONCLUSTERED,
    Employee int NOT NULL,
    [From] date NOT NULL,
    [To] date NULL,
    Reason nvarchar(20) NULL,
    CONSTRAINT CK_Absence CHECK ([To] IS NULL OR [To] >= [From])
)
GO
CREATE TABLE hr.Payment (
    Id int NOT NULL CONSTRAINT PK_Payment PRIMARY KEY CLUSTERED,
    Employee int NOT NULL,
    Amount decimal(12, 2) NOT NULL,
    ValidFrom datetime2(6) GENERATED ALWAYS AS ROW START HIDDEN NOT NULL,
    ValidTo datetime2(6) GENERATED ALWAYS AS ROW END HIDDEN NOT NULL,
    PERIOD FOR SYSTEM_TIME (ValidFrom, ValidTo)
)
CREATE TABLE hr.Payment_History (
    Id int NOT NULL,
    Employee int NOT NULL,
    Amount decimal(12, 2) NOT NULL,
    ValidFrom datetime2(6) NOT NULL,
    ValidTo datetime2(6) NOT NULL
)
CREATE CLUSTERED INDEX ix_Payment_History ON hr.Payment_History (ValidTo, ValidFrom)
CREATE TABLE hr.Contract (
    Id int NOT NULL PRIMARY KEY,
    Title nvarchar(50) NOT NULL,
    [Begin] datetime2(0) GENERATED ALWAYS AS ROW START NOT NULL,
    [End] datetime2(0) GENERATED ALWAYS AS ROW END NOT NULL,
    PERIOD FOR SYSTEM_TIME ([Begin], [End])
) WITH (SYSTEM_VERSIONING = ON (HISTORY_TABLE = [hr archive].[Contract History]))
GO
CREATE TABLE [hr archive].[Leaver] (
    Tenant int NOT NULL,
    Code smallint NOT NULL,
    Employee int NULL,
    Successor smallint NULL,
    CONSTRAINT [PK Leaver] PRIMARY KEY (Tenant, Code),
    CONSTRAINT [UQ Leaver] UNIQUE (Employee, Tenant, Code)
)
CREATE TABLE dbo.Setting (
    [Key] nvarchar(40) NOT NULL,
    [Value] nvarchar(200) NULL,
    [Group] int NULL,
    [User] varchar(20) NULL,
    [Default] char(1) NOT NULL,
    CONSTRAINT [PK of "settings"] PRIMARY KEY ([Key])
)
CREATE TABLE hr.Nobody (Id int NOT NULL CONSTRAINT PK_Nobody PRIMARY KEY, Name nvarchar(10) NULL)
GO
INSERT INTO hr.Department (Id, Name, Parent, Kind) VALUES
    (1, N'Abteilung 1 Washer', NULL, 'HR '),
    (2, N'Abteilung 2 Zahnrad', 1, 'IT'),
    (3, N'Abteilung 3 Überwurfmutter', 1, '  '),
    (4, N'Abteilung 4 Pièce détachée', 2, 'R&D'),
    (5, N'Abteilung 5 Skruv', 2, 'HR '),
    (6, N'Abteilung 6 Πένσα', 3, 'IT'),
    (7, N'Abteilung 7 Шайба', 3, '  '),
    (8, N'Abteilung 8 螺丝', 4, 'R&D'),
    (9, N'Abteilung 9 ネジ', 4, 'HR '),
    (10, N'Abteilung 10 Gear 😀', 5, 'IT'),
    (11, N'Abteilung 11 O''Ring', 5, '  '),
    (12, N'Abteilung 12 Bolt', 6, 'R&D'),
    (13, N'Abteilung 13 Washer', 6, 'HR '),
    (14, N'Abteilung 14 Zahnrad', 7, 'IT'),
    (15, N'Abteilung 15 Überwurfmutter', 7, '  '),
    (16, N'Abteilung 16 Pièce détachée', 8, 'R&D'),
    (17, N'Abteilung 17 Skruv', 8, 'HR '),
    (18, N'Abteilung 18 Πένσα', 9, 'IT'),
    (19, N'Abteilung 19 Шайба', 9, '  '),
    (20, N'Abteilung 20 螺丝', 10, 'R&D');
INSERT INTO hr.Department (Id, Name, Parent, Kind) VALUES
    (21, N'Abteilung 21 ネジ', 10, 'HR '),
    (22, N'Abteilung 22 Gear 😀', 11, 'IT'),
    (23, N'Abteilung 23 O''Ring', 11, '  '),
    (24, N'Abteilung 24 Bolt', 12, 'R&D'),
    (25, N'Abteilung 25 Washer', 12, 'HR '),
    (26, N'Abteilung 26 Zahnrad', 13, 'IT'),
    (27, N'Abteilung 27 Überwurfmutter', 13, '  '),
    (28, N'Abteilung 28 Pièce détachée', 14, 'R&D'),
    (29, N'Abteilung 29 Skruv', 14, 'HR '),
    (30, N'Abteilung 30 Πένσα', 15, 'IT'),
    (31, N'Abteilung 31 Шайба', 15, '  '),
    (32, N'Abteilung 32 螺丝', 16, 'R&D'),
    (33, N'Abteilung 33 ネジ', 16, 'HR '),
    (34, N'Abteilung 34 Gear 😀', 17, 'IT'),
    (35, N'Abteilung 35 O''Ring', 17, '  '),
    (36, N'Abteilung 36 Bolt', 18, 'R&D'),
    (37, N'Abteilung 37 Washer', 18, 'HR '),
    (38, N'Abteilung 38 Zahnrad', 19, 'IT'),
    (39, N'Abteilung 39 Überwurfmutter', 19, '  '),
    (40, N'Abteilung 40 Pièce détachée', 20, 'R&D');
INSERT INTO hr.Department (Id, Name, Parent, Kind) VALUES
    (41, N'Abteilung 41 Skruv', 20, 'HR '),
    (42, N'Abteilung 42 Πένσα', 21, 'IT'),
    (43, N'Abteilung 43 Шайба', 21, '  '),
    (44, N'Abteilung 44 螺丝', 22, 'R&D'),
    (45, N'Abteilung 45 ネジ', 22, 'HR '),
    (46, N'Abteilung 46 Gear 😀', 23, 'IT'),
    (47, N'Abteilung 47 O''Ring', 23, '  '),
    (48, N'Abteilung 48 Bolt', 24, 'R&D'),
    (49, N'Abteilung 49 Washer', 24, 'HR '),
    (50, N'Abteilung 50 Zahnrad', 25, 'IT'),
    (51, N'Abteilung 51 Überwurfmutter', 25, '  '),
    (52, N'Abteilung 52 Pièce détachée', 26, 'R&D'),
    (53, N'Abteilung 53 Skruv', 26, 'HR '),
    (54, N'Abteilung 54 Πένσα', 27, 'IT'),
    (55, N'Abteilung 55 Шайба', 27, '  '),
    (56, N'Abteilung 56 螺丝', 28, 'R&D'),
    (57, N'Abteilung 57 ネジ', 28, 'HR '),
    (58, N'Abteilung 58 Gear 😀', 29, 'IT'),
    (59, N'Abteilung 59 O''Ring', 29, '  '),
    (60, N'Abteilung 60 Bolt', 30, 'R&D');
GO
INSERT INTO hr.Employee ([Full Name], [Tax No], Department, Manager, Born, Salary, Sex, Badge, Hired, Level, Remark, [Points]) VALUES
    (N'Łukasz, 1', '000000001', 2, NULL, '1950-07-31', 20977.01, 'f', NULL, '1970-01-01 00:00:00', 1, NULL, 1),
    (N'Ångström, 2', '000000002', 3, NULL, '1951-02-27', 21954.02, 'x', NULL, '2079-06-06 23:59:00', 2, NULL, -2),
    (N'Ñuñez, 3', '000000003', 4, NULL, '1951-09-26', 22931.03, 'm', 3, '2001-04-04 00:00:00', 3, NULL, 9),
    (N'O''Brien, 4', '000000004', 5, NULL, '1952-04-24', 23908.04, 'f', NULL, '2001-05-05 00:00:00', 4, 'Größe: §', -4),
    (N'Σωκράτης, 5', '000000005', 6, 1, '1952-11-21', 24885.05, 'x', NULL, '2001-06-05 00:00:00', 5, NULL, 25),
    (N'Жуков, 6', '000000006', 7, 1, '1953-06-20', 25862.06, 'm', 6, '2001-07-06 00:00:00', 6, NULL, -6),
    (N'李, 7', '000000007', 8, 2, '1954-01-17', 26839.07, 'f', NULL, '2001-08-06 00:00:00', 7, NULL, 49),
    (N'Ōta, 8', '000000008', 9, 2, '1954-08-16', 27816.08, 'x', NULL, '2001-09-06 00:00:00', 8, 'Größe: §', -8),
    (N'Zoë, 9', '000000009', 10, 2, '1955-03-15', 28793.09, 'm', 9, '2001-10-07 00:00:00', 9, NULL, 81),
    (N'de la Cruz, 10', '000000010', 11, 3, '1955-10-12', 29770.10, 'f', NULL, '2001-11-07 00:00:00', 10, NULL, -10),
    (N'Straße, 11', '000000011', 12, 3, '1956-05-10', 30747.11, 'x', NULL, '2001-12-08 00:00:00', 11, NULL, 121),
    (N'Müller, 12', '000000012', 13, 3, '1956-12-07', 31724.12, 'm', 12, '2002-01-08 00:00:00', 12, 'Größe: §', -12),
    (N'Łukasz, 13', '000000013', 14, 4, '1957-07-06', 32701.13, 'f', NULL, '2002-02-08 00:00:00', 13, NULL, 169),
    (N'Ångström, 14', '000000014', 15, 4, '1958-02-02', 33678.14, 'x', NULL, '2002-03-11 00:00:00', 14, NULL, -14),
    (N'Ñuñez, 15', '000000015', 16, 4, '1958-09-01', 34655.15, 'm', 15, '2002-04-11 00:00:00', 15, NULL, 225),
    (N'O''Brien, 16', '000000016', 17, 5, '1959-03-31', 35632.16, 'f', NULL, '2002-05-12 00:00:00', 16, 'Größe: §', -16),
    (N'Σωκράτης, 17', '000000017', 18, 5, '1959-10-28', 36609.17, 'x', NULL, '2002-06-12 00:00:00', 17, NULL, 289),
    (N'Жуков, 18', '000000018', 19, 5, '1960-05-26', 37586.18, 'm', 18, '2002-07-13 00:00:00', 18, NULL, -18),
    (N'李, 19', '000000019', 20, 6, '1960-12-23', 38563.19, 'f', NULL, '2002-08-13 00:00:00', 19, NULL, 361),
    (N'Ōta, 20', '000000020', 21, 6, '1961-07-22', 39540.20, 'x', NULL, '2002-09-13 00:00:00', 20, 'Größe: §', -20);
INSERT INTO hr.Employee ([Full Name], [Tax No], Department, Manager, Born, Salary, Sex, Badge, Hired, Level, Remark, [Points]) VALUES
    (N'Zoë, 21', '000000021', 22, 6, '1962-02-18', 40517.21, 'm', 21, '2002-10-14 00:00:00', 21, NULL, 441),
    (N'de la Cruz, 22', '000000022', 23, 7, '1962-09-17', 41494.22, 'f', NULL, '2002-11-14 00:00:00', 22, NULL, -22),
    (N'Straße, 23', '000000023', 24, 7, '1963-04-16', 42471.23, 'x', NULL, '2002-12-15 00:00:00', 23, NULL, 529),
    (N'Müller, 24', '000000024', 25, 7, '1963-11-13', 43448.24, 'm', 24, '2003-01-15 00:00:00', 24, 'Größe: §', -24),
    (N'Łukasz, 25', '000000025', 26, 8, '1964-06-11', 44425.25, 'f', NULL, '2003-02-15 00:00:00', 25, NULL, 625),
    (N'Ångström, 26', '000000026', 27, 8, '1965-01-08', 45402.26, 'x', NULL, '2003-03-18 00:00:00', 26, NULL, -26),
    (N'Ñuñez, 27', '000000027', 28, 8, '1965-08-07', 46379.27, 'm', 27, '2003-04-18 00:00:00', 27, NULL, 729),
    (N'O''Brien, 28', '000000028', 29, 9, '1966-03-06', 47356.28, 'f', NULL, '2003-05-19 00:00:00', 28, 'Größe: §', -28),
    (N'Σωκράτης, 29', '000000029', 30, 9, '1966-10-03', 48333.29, 'x', NULL, '2003-06-19 00:00:00', 29, NULL, 841),
    (N'Жуков, 30', '000000030', 31, 9, '1967-05-02', 49310.30, 'm', 30, '2003-07-20 00:00:00', 30, NULL, -30),
    (N'李, 31', '000000031', 32, 10, '1967-11-29', 50287.31, 'f', NULL, '2003-08-20 00:00:00', 31, NULL, 961),
    (N'Ōta, 32', '000000032', 33, 10, '1968-06-27', 51264.32, 'x', NULL, '2003-09-20 00:00:00', 32, 'Größe: §', -32),
    (N'Zoë, 33', '000000033', 34, 10, '1969-01-24', 52241.33, 'm', 33, '2003-10-21 00:00:00', 33, NULL, 1089),
    (N'de la Cruz, 34', '000000034', 35, 11, '1969-08-23', 53218.34, 'f', NULL, '2003-11-21 00:00:00', 34, NULL, -34),
    (N'Straße, 35', '000000035', 36, 11, '1970-03-22', 54195.35, 'x', NULL, '2003-12-22 00:00:00', 35, NULL, 1225),
    (N'Müller, 36', '000000036', 37, 11, '1970-10-19', 55172.36, 'm', 36, '2004-01-22 00:00:00', 36, 'Größe: §', -36),
    (N'Łukasz, 37', '000000037', 38, 12, '1971-05-18', 56149.37, 'f', NULL, '2004-02-22 00:00:00', 37, NULL, 1369),
    (N'Ångström, 38', '000000038', 39, 12, '1971-12-15', 57126.38, 'x', NULL, '2004-03-24 00:00:00', 38, NULL, -38),
    (N'Ñuñez, 39', '000000039', 40, 12, '1972-07-13', 58103.39, 'm', 39, '2004-04-24 00:00:00', 39, NULL, 1521),
    (N'O''Brien, 40', '000000040', 41, 13, '1973-02-09', 59080.40, 'f', NULL, '2004-05-25 00:00:00', 40, 'Größe: §', -40);
INSERT INTO hr.Employee ([Full Name], [Tax No], Department, Manager, Born, Salary, Sex, Badge, Hired, Level, Remark, [Points]) VALUES
    (N'Σωκράτης, 41', '000000041', 42, 13, '1973-09-08', 60057.41, 'x', NULL, '2004-06-25 00:00:00', 41, NULL, 1681),
    (N'Жуков, 42', '000000042', 43, 13, '1974-04-07', 61034.42, 'm', 42, '2004-07-26 00:00:00', 42, NULL, -42),
    (N'李, 43', '000000043', 44, 14, '1974-11-04', 62011.43, 'f', NULL, '2004-08-26 00:00:00', 43, NULL, 1849),
    (N'Ōta, 44', '000000044', 45, 14, '1975-06-03', 62988.44, 'x', NULL, '2004-09-26 00:00:00', 44, 'Größe: §', -44),
    (N'Zoë, 45', '000000045', 46, 14, '1975-12-31', 63965.45, 'm', 45, '2004-10-27 00:00:00', 45, NULL, 2025),
    (N'de la Cruz, 46', '000000046', 47, 15, '1976-07-29', 64942.46, 'f', NULL, '2004-11-27 00:00:00', 46, NULL, -46),
    (N'Straße, 47', '000000047', 48, 15, '1977-02-25', 65919.47, 'x', NULL, '2004-12-28 00:00:00', 47, NULL, 2209),
    (N'Müller, 48', '000000048', 49, 15, '1977-09-24', 66896.48, 'm', 48, '2005-01-28 00:00:00', 48, 'Größe: §', -48),
    (N'Łukasz, 49', '000000049', 50, 16, '1978-04-23', 67873.49, 'f', NULL, '2005-02-28 00:00:00', 49, NULL, 2401),
    (N'Ångström, 50', '000000050', 51, 16, '1978-11-20', 68850.50, 'x', NULL, '2005-03-31 00:00:00', 50, NULL, -50),
    (N'Ñuñez, 51', '000000051', 52, 16, '1979-06-19', 69827.51, 'm', 51, '2005-05-01 00:00:00', 51, NULL, 2601),
    (N'O''Brien, 52', '000000052', 53, 17, '1980-01-16', 70804.52, 'f', NULL, '2005-06-01 00:00:00', 52, 'Größe: §', -52),
    (N'Σωκράτης, 53', '000000053', 54, 17, '1980-08-14', 71781.53, 'x', NULL, '2005-07-02 00:00:00', 53, NULL, 2809),
    (N'Жуков, 54', '000000054', 55, 17, '1981-03-13', 72758.54, 'm', 54, '2005-08-02 00:00:00', 54, NULL, -54),
    (N'李, 55', '000000055', 56, 18, '1981-10-10', 73735.55, 'f', NULL, '2005-09-02 00:00:00', 55, NULL, 3025),
    (N'Ōta, 56', '000000056', 57, 18, '1982-05-09', 74712.56, 'x', NULL, '2005-10-03 00:00:00', 56, 'Größe: §', -56),
    (N'Zoë, 57', '000000057', 58, 18, '1982-12-06', 75689.57, 'm', 57, '2005-11-03 00:00:00', 57, NULL, 3249),
    (N'de la Cruz, 58', '000000058', 59, 19, '1983-07-05', 76666.58, 'f', NULL, '2005-12-04 00:00:00', 58, NULL, -58),
    (N'Straße, 59', '000000059', 60, 19, '1984-02-01', 77643.59, 'x', NULL, '2006-01-04 00:00:00', 59, NULL, 3481),
    (N'Müller, 60', '000000060', 1, 19, '1984-08-30', 78620.60, 'm', 60, '2006-02-04 00:00:00', 60, 'Größe: §', -60);
INSERT INTO hr.Employee ([Full Name], [Tax No], Department, Manager, Born, Salary, Sex, Badge, Hired, Level, Remark, [Points]) VALUES
    (N'Łukasz, 61', '000000061', 2, 20, '1985-03-29', 79597.61, 'f', NULL, '2006-03-07 00:00:00', 61, NULL, 3721),
    (N'Ångström, 62', '000000062', 3, 20, '1985-10-26', 80574.62, 'x', NULL, '2006-04-07 00:00:00', 62, NULL, -62),
    (N'Ñuñez, 63', '000000063', 4, 20, '1986-05-25', 81551.63, 'm', 63, '2006-05-08 00:00:00', 63, NULL, 3969),
    (N'O''Brien, 64', '000000064', 5, 21, '1986-12-22', 82528.64, 'f', NULL, '2006-06-08 00:00:00', 64, 'Größe: §', -64),
    (N'Σωκράτης, 65', '000000065', 6, 21, '1987-07-21', 83505.65, 'x', NULL, '2006-07-09 00:00:00', 65, NULL, 4225),
    (N'Жуков, 66', '000000066', 7, 21, '1988-02-17', 84482.66, 'm', 66, '2006-08-09 00:00:00', 66, NULL, -66),
    (N'李, 67', '000000067', 8, 22, '1988-09-15', 85459.67, 'f', NULL, '2006-09-09 00:00:00', 67, NULL, 4489),
    (N'Ōta, 68', '000000068', 9, 22, '1989-04-14', 86436.68, 'x', NULL, '2006-10-10 00:00:00', 68, 'Größe: §', -68),
    (N'Zoë, 69', '000000069', 10, 22, '1989-11-11', 87413.69, 'm', 69, '2006-11-10 00:00:00', 69, NULL, 4761),
    (N'de la Cruz, 70', '000000070', 11, 23, '1990-06-10', 88390.70, 'f', NULL, '2006-12-11 00:00:00', 70, NULL, -70);
GO
INSERT INTO hr.Skill (Employee, Skill, Grade, [Since]) VALUES
    (1, 'sql', 2, '2006-01-01'),
    (1, 'extra 1', 2, '2006-01-01'),
    (2, 'Rust', 3, '2007-01-01'),
    (3, 'straße', 4, '2008-01-01'),
    (3, 'extra 1', 4, '2008-01-01'),
    (4, 'STRASSE', 5, '2009-01-01'),
    (5, 'Резюме', 1, '2010-01-01'),
    (5, 'extra 1', 1, '2010-01-01'),
    (6, 'naïve', 2, '2011-01-01'),
    (7, 'SQL', 3, '2012-01-01'),
    (7, 'extra 1', 3, '2012-01-01'),
    (8, 'sql', 4, '2013-01-01'),
    (9, 'Rust', 5, '2014-01-01'),
    (9, 'extra 1', 5, '2014-01-01'),
    (10, 'straße', 1, '2015-01-01'),
    (11, 'STRASSE', 2, '2016-01-01'),
    (11, 'extra 1', 2, '2016-01-01'),
    (12, 'Резюме', 3, '2017-01-01'),
    (13, 'naïve', 4, '2018-01-01'),
    (13, 'extra 1', 4, '2018-01-01');
INSERT INTO hr.Skill (Employee, Skill, Grade, [Since]) VALUES
    (14, 'SQL', 5, '2019-01-01'),
    (15, 'sql', 1, '2020-01-01'),
    (15, 'extra 1', 1, '2020-01-01'),
    (16, 'Rust', 2, '2021-01-01'),
    (17, 'straße', 3, '2022-01-01'),
    (17, 'extra 1', 3, '2022-01-01'),
    (18, 'STRASSE', 4, '2023-01-01'),
    (19, 'Резюме', 5, '2024-01-01'),
    (19, 'extra 1', 5, '2024-01-01'),
    (20, 'naïve', 1, '2005-01-01'),
    (21, 'SQL', 2, '2006-01-01'),
    (21, 'extra 1', 2, '2006-01-01'),
    (22, 'sql', 3, '2007-01-01'),
    (23, 'Rust', 4, '2008-01-01'),
    (23, 'extra 1', 4, '2008-01-01'),
    (24, 'straße', 5, '2009-01-01'),
    (25, 'STRASSE', 1, '2010-01-01'),
    (25, 'extra 1', 1, '2010-01-01'),
    (26, 'Резюме', 2, '2011-01-01'),
    (27, 'naïve', 3, '2012-01-01');
INSERT INTO hr.Skill (Employee, Skill, Grade, [Since]) VALUES
    (27, 'extra 1', 3, '2012-01-01'),
    (28, 'SQL', 4, '2013-01-01'),
    (29, 'sql', 5, '2014-01-01'),
    (29, 'extra 1', 5, '2014-01-01'),
    (30, 'Rust', 1, '2015-01-01'),
    (31, 'straße', 2, '2016-01-01'),
    (31, 'extra 1', 2, '2016-01-01'),
    (32, 'STRASSE', 3, '2017-01-01'),
    (33, 'Резюме', 4, '2018-01-01'),
    (33, 'extra 1', 4, '2018-01-01'),
    (34, 'naïve', 5, '2019-01-01'),
    (35, 'SQL', 1, '2020-01-01'),
    (35, 'extra 1', 1, '2020-01-01'),
    (36, 'sql', 2, '2021-01-01'),
    (37, 'Rust', 3, '2022-01-01'),
    (37, 'extra 1', 3, '2022-01-01'),
    (38, 'straße', 4, '2023-01-01'),
    (39, 'STRASSE', 5, '2024-01-01'),
    (39, 'extra 1', 5, '2024-01-01'),
    (40, 'Резюме', 1, '2005-01-01');
INSERT INTO hr.Skill (Employee, Skill, Grade, [Since]) VALUES
    (41, 'naïve', 2, '2006-01-01'),
    (41, 'extra 1', 2, '2006-01-01'),
    (42, 'SQL', 3, '2007-01-01'),
    (43, 'sql', 4, '2008-01-01'),
    (43, 'extra 1', 4, '2008-01-01'),
    (44, 'Rust', 5, '2009-01-01'),
    (45, 'straße', 1, '2010-01-01'),
    (45, 'extra 1', 1, '2010-01-01'),
    (46, 'STRASSE', 2, '2011-01-01'),
    (47, 'Резюме', 3, '2012-01-01'),
    (47, 'extra 1', 3, '2012-01-01'),
    (48, 'naïve', 4, '2013-01-01'),
    (49, 'SQL', 5, '2014-01-01'),
    (49, 'extra 1', 5, '2014-01-01'),
    (50, 'sql', 1, '2015-01-01'),
    (51, 'Rust', 2, '2016-01-01'),
    (51, 'extra 1', 2, '2016-01-01'),
    (52, 'straße', 3, '2017-01-01'),
    (53, 'STRASSE', 4, '2018-01-01'),
    (53, 'extra 1', 4, '2018-01-01');
INSERT INTO hr.Skill (Employee, Skill, Grade, [Since]) VALUES
    (54, 'Резюме', 5, '2019-01-01'),
    (55, 'naïve', 1, '2020-01-01'),
    (55, 'extra 1', 1, '2020-01-01'),
    (56, 'SQL', 2, '2021-01-01'),
    (57, 'sql', 3, '2022-01-01'),
    (57, 'extra 1', 3, '2022-01-01'),
    (58, 'Rust', 4, '2023-01-01'),
    (59, 'straße', 5, '2024-01-01'),
    (59, 'extra 1', 5, '2024-01-01'),
    (60, 'STRASSE', 1, '2005-01-01'),
    (61, 'Резюме', 2, '2006-01-01'),
    (61, 'extra 1', 2, '2006-01-01'),
    (62, 'naïve', 3, '2007-01-01'),
    (63, 'SQL', 4, '2008-01-01'),
    (63, 'extra 1', 4, '2008-01-01'),
    (64, 'sql', 5, '2009-01-01'),
    (65, 'Rust', 1, '2010-01-01'),
    (65, 'extra 1', 1, '2010-01-01'),
    (66, 'straße', 2, '2011-01-01'),
    (67, 'STRASSE', 3, '2012-01-01');
INSERT INTO hr.Skill (Employee, Skill, Grade, [Since]) VALUES
    (67, 'extra 1', 3, '2012-01-01'),
    (68, 'Резюме', 4, '2013-01-01'),
    (69, 'naïve', 5, '2014-01-01'),
    (69, 'extra 1', 5, '2014-01-01'),
    (70, 'SQL', 1, '2015-01-01');
GO
INSERT INTO hr.[Absence] (Employee, [From], [To], Reason) VALUES
    (2, '2020-01-02', '2020-01-03', N'krank'),
    (3, '2020-01-03', '2020-01-05', N''),
    (4, '2020-01-04', '2020-01-07', N'παιδί'),
    (5, '2020-01-05', '2020-01-09', N'Urlaub'),
    (6, '2020-01-06', NULL, N'krank'),
    (7, '2020-01-07', '2020-01-13', N''),
    (8, '2020-01-08', '2020-01-15', N'παιδί'),
    (9, '2020-01-09', '2020-01-17', N'Urlaub'),
    (10, '2020-01-10', '2020-01-10', N'krank'),
    (11, '2020-01-11', NULL, N''),
    (12, '2020-01-12', '2020-01-14', N'παιδί'),
    (13, '2020-01-13', '2020-01-16', N'Urlaub'),
    (14, '2020-01-14', '2020-01-18', N'krank'),
    (15, '2020-01-15', '2020-01-20', N''),
    (16, '2020-01-16', NULL, N'παιδί'),
    (17, '2020-01-17', '2020-01-24', N'Urlaub'),
    (18, '2020-01-18', '2020-01-26', N'krank'),
    (19, '2020-01-19', '2020-01-19', N''),
    (20, '2020-01-20', '2020-01-21', N'παιδί'),
    (21, '2020-01-21', NULL, N'Urlaub');
INSERT INTO hr.[Absence] (Employee, [From], [To], Reason) VALUES
    (22, '2020-01-22', '2020-01-25', N'krank'),
    (23, '2020-01-23', '2020-01-27', N''),
    (24, '2020-01-24', '2020-01-29', N'παιδί'),
    (25, '2020-01-25', '2020-01-31', N'Urlaub'),
    (26, '2020-01-26', NULL, N'krank'),
    (27, '2020-01-27', '2020-02-04', N''),
    (28, '2020-01-28', '2020-01-28', N'παιδί'),
    (29, '2020-01-29', '2020-01-30', N'Urlaub'),
    (30, '2020-01-30', '2020-02-01', N'krank'),
    (31, '2020-01-31', NULL, N''),
    (32, '2020-02-01', '2020-02-05', N'παιδί'),
    (33, '2020-02-02', '2020-02-07', N'Urlaub'),
    (34, '2020-02-03', '2020-02-09', N'krank'),
    (35, '2020-02-04', '2020-02-11', N''),
    (36, '2020-02-05', NULL, N'παιδί'),
    (37, '2020-02-06', '2020-02-06', N'Urlaub'),
    (38, '2020-02-07', '2020-02-08', N'krank'),
    (39, '2020-02-08', '2020-02-10', N''),
    (40, '2020-02-09', '2020-02-12', N'παιδί'),
    (41, '2020-02-10', NULL, N'Urlaub');
INSERT INTO hr.[Absence] (Employee, [From], [To], Reason) VALUES
    (42, '2020-02-11', '2020-02-16', N'krank'),
    (43, '2020-02-12', '2020-02-18', N''),
    (44, '2020-02-13', '2020-02-20', N'παιδί'),
    (45, '2020-02-14', '2020-02-22', N'Urlaub'),
    (46, '2020-02-15', NULL, N'krank'),
    (47, '2020-02-16', '2020-02-17', N''),
    (48, '2020-02-17', '2020-02-19', N'παιδί'),
    (49, '2020-02-18', '2020-02-21', N'Urlaub'),
    (50, '2020-02-19', '2020-02-23', N'krank'),
    (51, '2020-02-20', NULL, N''),
    (52, '2020-02-21', '2020-02-27', N'παιδί'),
    (53, '2020-02-22', '2020-02-29', N'Urlaub'),
    (54, '2020-02-23', '2020-03-02', N'krank'),
    (55, '2020-02-24', '2020-02-24', N''),
    (56, '2020-02-25', NULL, N'παιδί'),
    (57, '2020-02-26', '2020-02-28', N'Urlaub'),
    (58, '2020-02-27', '2020-03-01', N'krank'),
    (59, '2020-02-28', '2020-03-03', N''),
    (60, '2020-02-29', '2020-03-05', N'παιδί'),
    (61, '2020-03-01', NULL, N'Urlaub');
INSERT INTO hr.[Absence] (Employee, [From], [To], Reason) VALUES
    (62, '2020-03-02', '2020-03-09', N'krank'),
    (63, '2020-03-03', '2020-03-11', N''),
    (64, '2020-03-04', '2020-03-04', N'παιδί'),
    (65, '2020-03-05', '2020-03-06', N'Urlaub'),
    (66, '2020-03-06', NULL, N'krank');
GO
INSERT INTO hr.Payment_History (Id, Employee, Amount, ValidFrom, ValidTo) VALUES
    (1, 2, 100.50, '2020-01-02T00:00:00.0000000', '2021-01-02T12:00:00.1234560'),
    (2, 3, 200.50, '2020-01-03T00:00:00.0000000', '2021-01-03T12:00:00.1234560'),
    (3, 4, 300.50, '2020-01-04T00:00:00.0000000', '2021-01-04T12:00:00.1234560'),
    (4, 5, 400.50, '2020-01-05T00:00:00.0000000', '2021-01-05T12:00:00.1234560'),
    (5, 6, 500.50, '2020-01-06T00:00:00.0000000', '2021-01-06T12:00:00.1234560'),
    (6, 7, 600.50, '2020-01-07T00:00:00.0000000', '2021-01-07T12:00:00.1234560'),
    (7, 8, 700.50, '2020-01-08T00:00:00.0000000', '2021-01-08T12:00:00.1234560'),
    (8, 9, 800.50, '2020-01-09T00:00:00.0000000', '2021-01-09T12:00:00.1234560'),
    (9, 10, 900.50, '2020-01-10T00:00:00.0000000', '2021-01-10T12:00:00.1234560'),
    (10, 11, 1000.50, '2020-01-11T00:00:00.0000000', '2021-01-11T12:00:00.1234560'),
    (11, 12, 1100.50, '2020-01-12T00:00:00.0000000', '2021-01-12T12:00:00.1234560'),
    (12, 13, 1200.50, '2020-01-13T00:00:00.0000000', '2021-01-13T12:00:00.1234560'),
    (13, 14, 1300.50, '2020-01-14T00:00:00.0000000', '2021-01-14T12:00:00.1234560'),
    (14, 15, 1400.50, '2020-01-15T00:00:00.0000000', '2021-01-15T12:00:00.1234560'),
    (15, 16, 1500.50, '2020-01-16T00:00:00.0000000', '2021-01-16T12:00:00.1234560'),
    (16, 17, 1600.50, '2020-01-17T00:00:00.0000000', '2021-01-17T12:00:00.1234560'),
    (17, 18, 1700.50, '2020-01-18T00:00:00.0000000', '2021-01-18T12:00:00.1234560'),
    (18, 19, 1800.50, '2020-01-19T00:00:00.0000000', '2021-01-19T12:00:00.1234560'),
    (19, 20, 1900.50, '2020-01-20T00:00:00.0000000', '2021-01-20T12:00:00.1234560'),
    (20, 21, 2000.50, '2020-01-21T00:00:00.0000000', '2021-01-21T12:00:00.1234560');
INSERT INTO hr.Payment_History (Id, Employee, Amount, ValidFrom, ValidTo) VALUES
    (21, 22, 2100.50, '2020-01-22T00:00:00.0000000', '2021-01-22T12:00:00.1234560'),
    (22, 23, 2200.50, '2020-01-23T00:00:00.0000000', '2021-01-23T12:00:00.1234560'),
    (23, 24, 2300.50, '2020-01-24T00:00:00.0000000', '2021-01-24T12:00:00.1234560'),
    (24, 25, 2400.50, '2020-01-25T00:00:00.0000000', '2021-01-25T12:00:00.1234560'),
    (25, 26, 2500.50, '2020-01-26T00:00:00.0000000', '2021-01-26T12:00:00.1234560'),
    (26, 27, 2600.50, '2020-01-27T00:00:00.0000000', '2021-01-27T12:00:00.1234560'),
    (27, 28, 2700.50, '2020-01-28T00:00:00.0000000', '2021-01-28T12:00:00.1234560'),
    (28, 29, 2800.50, '2020-01-01T00:00:00.0000000', '2021-01-01T12:00:00.1234560'),
    (29, 30, 2900.50, '2020-01-02T00:00:00.0000000', '2021-01-02T12:00:00.1234560'),
    (30, 31, 3000.50, '2020-01-03T00:00:00.0000000', '2021-01-03T12:00:00.1234560');
GO
ALTER TABLE hr.Payment SET (SYSTEM_VERSIONING = ON (HISTORY_TABLE = hr.Payment_History, DATA_CONSISTENCY_CHECK = ON))
GO
INSERT INTO hr.Payment (Id, Employee, Amount) VALUES
    (1, 2, 110.75),
    (2, 3, 220.75),
    (3, 4, 330.75),
    (4, 5, 440.75),
    (5, 6, 550.75),
    (6, 7, 660.75),
    (7, 8, 770.75),
    (8, 9, 880.75),
    (9, 10, 990.75),
    (10, 11, 1100.75),
    (11, 12, 1210.75),
    (12, 13, 1320.75),
    (13, 14, 1430.75),
    (14, 15, 1540.75),
    (15, 16, 1650.75),
    (16, 17, 1760.75),
    (17, 18, 1870.75),
    (18, 19, 1980.75),
    (19, 20, 2090.75),
    (20, 21, 2200.75);
INSERT INTO hr.Payment (Id, Employee, Amount) VALUES
    (21, 22, 2310.75),
    (22, 23, 2420.75),
    (23, 24, 2530.75),
    (24, 25, 2640.75),
    (25, 26, 2750.75),
    (26, 27, 2860.75),
    (27, 28, 2970.75),
    (28, 29, 3080.75),
    (29, 30, 3190.75),
    (30, 31, 3300.75),
    (31, 32, 3410.75),
    (32, 33, 3520.75),
    (33, 34, 3630.75),
    (34, 35, 3740.75),
    (35, 36, 3850.75),
    (36, 37, 3960.75),
    (37, 38, 4070.75),
    (38, 39, 4180.75),
    (39, 40, 4290.75),
    (40, 41, 4400.75);
INSERT INTO hr.Payment (Id, Employee, Amount) VALUES
    (41, 42, 4510.75),
    (42, 43, 4620.75),
    (43, 44, 4730.75),
    (44, 45, 4840.75),
    (45, 46, 4950.75),
    (46, 47, 5060.75),
    (47, 48, 5170.75),
    (48, 49, 5280.75),
    (49, 50, 5390.75),
    (50, 51, 5500.75),
    (51, 52, 5610.75),
    (52, 53, 5720.75),
    (53, 54, 5830.75),
    (54, 55, 5940.75),
    (55, 56, 6050.75),
    (56, 57, 6160.75),
    (57, 58, 6270.75),
    (58, 59, 6380.75),
    (59, 60, 6490.75),
    (60, 61, 6600.75);
GO
INSERT INTO hr.Contract (Id, Title) VALUES
    (1, N'Vertrag 1'),
    (2, N'Vertrag 2'),
    (3, N'Vertrag 3'),
    (4, N'Vertrag 4'),
    (5, N'Vertrag 5'),
    (6, N'Vertrag 6'),
    (7, N'Vertrag 7'),
    (8, N'Vertrag 8'),
    (9, N'Vertrag 9'),
    (10, N'Vertrag 10');
GO
INSERT INTO [hr archive].[Leaver] (Tenant, Code, Employee, Successor) VALUES
    (1, 1, 1, NULL),
    (2, 2, 2, 1),
    (0, 3, 3, NULL),
    (1, 4, NULL, 2),
    (2, 5, 5, NULL),
    (0, 6, 6, 3),
    (1, 7, 7, NULL),
    (2, 8, NULL, 4),
    (0, 9, 9, NULL),
    (1, 10, 10, 5),
    (2, 11, 11, NULL),
    (0, 12, NULL, 6),
    (1, 13, 13, NULL),
    (2, 14, 14, 7),
    (0, 15, 15, NULL),
    (1, 16, NULL, 8),
    (2, 17, 17, NULL),
    (0, 18, 18, 9),
    (1, 19, 19, NULL),
    (2, 20, NULL, 10);
INSERT INTO [hr archive].[Leaver] (Tenant, Code, Employee, Successor) VALUES
    (0, 21, 21, NULL),
    (1, 22, 22, 11),
    (2, 23, 23, NULL),
    (0, 24, NULL, 12),
    (1, 25, 25, NULL),
    (2, 26, 26, 13),
    (0, 27, 27, NULL),
    (1, 28, NULL, 14),
    (2, 29, 29, NULL),
    (0, 30, 30, 15),
    (1, 31, 31, NULL),
    (2, 32, NULL, 16),
    (0, 33, 33, NULL),
    (1, 34, 34, 17),
    (2, 35, 35, NULL),
    (0, 36, NULL, 18),
    (1, 37, 37, NULL),
    (2, 38, 38, 19),
    (0, 39, 39, NULL),
    (1, 40, NULL, 20);
INSERT INTO [hr archive].[Leaver] (Tenant, Code, Employee, Successor) VALUES
    (2, 41, 41, NULL),
    (0, 42, 42, 21),
    (1, 43, 43, NULL),
    (2, 44, NULL, 22),
    (0, 45, 45, NULL),
    (1, 46, 46, 23),
    (2, 47, 47, NULL),
    (0, 48, NULL, 24),
    (1, 49, 49, NULL),
    (2, 50, 50, 25),
    (0, 51, 51, NULL),
    (1, 52, NULL, 26),
    (2, 53, 53, NULL),
    (0, 54, 54, 27),
    (1, 55, 55, NULL),
    (2, 56, NULL, 28),
    (0, 57, 57, NULL),
    (1, 58, 58, 29),
    (2, 59, 59, NULL),
    (0, 60, NULL, 30);
GO
INSERT INTO dbo.Setting ([Key], [Value], [Group], [User], [Default]) VALUES
    (N'key.1', N'  leading and trailing  ', 1, 'u1', 'y'),
    (N'key.2', NULL, 2, 'u2', 'n'),
    (N'key.3', N'  leading and trailing  ', 0, 'u3', 'y'),
    (N'key.4', NULL, 1, 'u4', 'n'),
    (N'key.5', N'  leading and trailing  ', 2, 'u5', 'y'),
    (N'key.6', NULL, 0, 'u6', 'n'),
    (N'key.7', N'  leading and trailing  ', 1, 'u7', 'y'),
    (N'key.8', NULL, 2, 'u8', 'n'),
    (N'key.9', N'  leading and trailing  ', 0, 'u9', 'y'),
    (N'key.10', NULL, 1, 'u10', 'n');
GO
ALTER TABLE hr.[Absence] WITH NOCHECK ADD CONSTRAINT FK_Absence_Employee FOREIGN KEY (Employee) REFERENCES hr.Employee (Id)
ALTER TABLE [hr archive].[Leaver] WITH NOCHECK ADD CONSTRAINT [FK Leaver Successor] FOREIGN KEY (Tenant, Successor) REFERENCES [hr archive].[Leaver] (Tenant, Code)
ALTER TABLE [hr archive].[Leaver] NOCHECK CONSTRAINT [FK Leaver Successor]
ALTER TABLE hr.Payment ADD CONSTRAINT FK_Payment_Employee FOREIGN KEY (Employee) REFERENCES hr.Employee (Id)
ALTER TABLE hr.[Absence] NOCHECK CONSTRAINT CK_Absence
GO
CREATE VIEW hr.Directory AS SELECT Id, [Full Name] FROM hr.Employee
GO
CREATE TRIGGER hr.tr_Directory ON hr.Directory INSTEAD OF INSERT AS RETURN
GO
CREATE PROC hr.[usp hire] @name nvarchar(80), @id int OUTPUT AS SET @id = 1
GO
EXEC sys.sp_addextendedproperty N'MS_Description', N'Everybody who works here', N'SCHEMA', N'hr', N'TABLE', N'Employee'
EXEC sys.sp_addextendedproperty N'MS_Description', N'line one
line two', N'SCHEMA', N'hr', N'TABLE', N'Employee', N'COLUMN', N'Born'
EXEC sys.sp_addextendedproperty N'MS_Description', N'a database of people'
GO
