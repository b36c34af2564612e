// Calculate the cells of a workbook with HyperFormula, which is given to Node.js by its folder.
// node hyperformula.cjs FOLDER CELLS ANSWER: two files of JSON, see hyperformula.py and apart.py.
"use strict";

const { readFileSync, writeFileSync } = require("node:fs");

function rows(cells) {
  const found = [];
  for (const [row, column, content] of cells) {
    while (found.length < row) found.push([]);
    found[row - 1][column - 1] = content;
  }
  return found;
}

function plain(value) {
  if (value === null || typeof value !== "object") return value;
  // An array's first cell is that of its formula; other objects are errors.
  if (value.value === "#CYCLE!") return { not: "the formula looks at itself" };
  if (value.value === "#LIC!") return { not: "HyperFormula wants a licence" };
  if (value.value === "#ERROR!") return { not: `HyperFormula cannot read it: ${value.message}` };
  return { error: value.value };
}

function main([folder, cells, answer]) {
  const { AlwaysSparse, HyperFormula } = require(folder);
  const { sheets, names, wanted } = JSON.parse(readFileSync(cells, "utf8"));
  const book = HyperFormula.buildFromSheets(
    Object.fromEntries(sheets.map(([name, found]) => [name, rows(found)])),
    {
      licenseKey: "gpl-v3",
      maxRows: 1048576,
      maxColumns: 16384,
      // Otherwise a single cell in the last corner of a sheet takes gigabytes.
      chooseAddressMappingPolicy: new AlwaysSparse(),
      // As in Excel, a formula may take a range where a number is due: SUMPRODUCT((A1:A9>1)*B1:B9).
      useArrayArithmetic: true,
      // Off: it would round what it shows to 14 digits, and take numbers for equal that differ.
      smartRounding: false,
      // As in Excel: what refers to an empty cell is 0, and 1900 has a 29th of February.
      evaluateNullToZero: true,
      leapYear1900: true,
      nullDate: { year: 1899, month: 12, day: 31 },
    },
  );
  const refused = [];
  for (const { name, expression, scope } of names) {
    try {
      book.addNamedExpression(name, expression, scope === null ? undefined : book.getSheetId(scope));
    } catch (error) {
      refused.push(`HyperFormula does not know the name ${name}: ${error.message}`);
    }
  }
  const values = wanted.map(([name, places]) => {
    const sheet = book.getSheetId(name);
    return places.map(([row, column]) =>
      plain(book.getCellValue({ sheet, row: row - 1, col: column - 1 })),
    );
  });
  writeFileSync(answer, JSON.stringify({ values, notes: refused }));
}

try {
  main(process.argv.slice(2));
} catch (error) {
  // Without the places in the code, which nobody who has a workbook can use.
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
