// Open workbooks with a library, and say which formulas and values are in them, as JSON.
// node open.cjs exceljs|xlsx FILE ...
"use strict";

async function withExcelJS(file) {
  const ExcelJS = require("exceljs");
  const workbook = new ExcelJS.Workbook();
  await workbook.xlsx.readFile(file);
  return workbook.worksheets.map((sheet) => {
    const cells = {};
    sheet.eachRow((row) =>
      row.eachCell((cell) => {
        if (cell.formula) cells[cell.address] = [cell.formula, cell.result];
      }),
    );
    return [sheet.name, cells];
  });
}

function withSheetJS(file) {
  const XLSX = require("xlsx");
  // WTF: throw what would else be passed over in silence.
  const workbook = XLSX.readFile(file, { cellFormula: true, WTF: true });
  return workbook.SheetNames.map((name) => {
    const cells = {};
    for (const [address, cell] of Object.entries(workbook.Sheets[name])) {
      if (!address.startsWith("!") && cell.f) cells[address] = [cell.f, cell.v];
    }
    return [name, cells];
  });
}

async function main([library, ...files]) {
  const open = { exceljs: withExcelJS, xlsx: withSheetJS }[library];
  for (const file of files) process.stdout.write(JSON.stringify(await open(file)) + "\n");
}

main(process.argv.slice(2));
