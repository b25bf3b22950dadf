"""Word, PowerPoint and Excel. `registry.py` sends each format to the first module of its line.

word.py     docx: word_source.py prepares it, word_styles.py knows its headings and lists,
            word_walk.py reads it, word_numbers.py numbers it
slides.py   pptx, read by slide_walk.py
sheets.py   xlsx by sheet_xlsx.py, xls by sheet_xls.py, both to sheet_model.py; numbers by cell_format.py

package.py          the zip container and its XML parts
charts.py           the numbers behind a chart, as a table
core_properties.py  title, author and date
"""
