"""Spreadsheets: any file to rows, results back into the sender's own workbook, and files that Usher makes itself."""
