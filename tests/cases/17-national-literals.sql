-- Letters beyond ASCII in defaults, checks and index filters: nvarchar, code pages of columns, and of the database.
-- EXPECTED: the defaults arrive: no comparison is at stake. Ideographs have no case: their check arrives too.
CREATE TABLE dbo.Student (Sno int NOT NULL PRIMARY KEY, Ssex char(2) COLLATE Chinese_PRC_CI_AS NULL CONSTRAINT DF_sex DEFAULT N'女' CONSTRAINT CK_sex CHECK (Ssex IN (N'男', N'女')), Kind nvarchar(10) NOT NULL CONSTRAINT DF_kind DEFAULT N'Größe' CONSTRAINT CK_kind CHECK (Kind IN (N'Größe', N'Maß')), Yes_ varchar(10) COLLATE Cyrillic_General_CI_AS NOT NULL CONSTRAINT DF_yes DEFAULT N'Да', S varchar(20) NOT NULL CONSTRAINT DF_s DEFAULT 'Año', E nvarchar(10) NULL CONSTRAINT CK_e CHECK (E <> N'é'));
CREATE INDEX IX_f ON dbo.Student (Kind) WHERE Kind = N'Größe';
