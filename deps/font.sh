# SPDX-License-Identifier: BSD-2-Clause
# The console font: Terminus 8x16, PSF version 1, 256 glyphs in the order of ISO 8859-15 with a
# Unicode table behind them.
# shellcheck shell=bash disable=SC2034,SC2154
version=4.48
licence="SIL Open Font License 1.1, see docs/licences/OFL.TERMINUS"
package=console-setup-linux
member=usr/share/consolefonts/Lat15-Terminus16.psf.gz
sha256=95c3dfe5e143ade4a374faa6f787d46b21f4beac2e64d2477e5042f15f076f53 # of the unpacked font
products=(console.psf)

build()
{
    mkdir product
    cp source/Lat15-Terminus16.psf product/console.psf
}
